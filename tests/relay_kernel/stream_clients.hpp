#pragma once
// Many viewers in one thread, each with a strict parser of its own: head, part headers,
// Content-Length, JPEG, delimiter. Written against docs/http-api.md, not against the server's code.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace ringcast::relay_test {

using Clock = std::chrono::steady_clock;

class StreamClient {
public:
    StreamClient(UniqueFd socket, std::string_view target, std::uint64_t bytes_per_second);

    /// Reads what is there, as far as its rate allows. False when the stream has ended.
    bool read(Clock::time_point now);

    [[nodiscard]] int socket() const { return socket_.get(); }
    [[nodiscard]] bool paced() const { return bytes_per_second_ > 0; }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    /// Sequences that were left out between the first and the newest frame.
    [[nodiscard]] std::uint64_t missed() const { return missed_; }
    [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
    /// Why the bytes were not a correct stream; empty while they are.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    /// Between connecting and the first whole frame.
    [[nodiscard]] Clock::duration first_frame_after() const { return first_frame_after_; }
    /// Age of each frame when its last byte was read.
    [[nodiscard]] const std::vector<std::chrono::nanoseconds>& ages() const { return ages_; }

private:
    enum class Expect { head, part_header, body, delimiter };

    void parse();
    bool parse_step();
    void take_frame(std::string_view jpeg);
    void fail(std::string why);

    UniqueFd socket_;
    std::uint64_t bytes_per_second_; ///< 0: as fast as it can
    Clock::time_point begun_;
    std::uint64_t bytes_read_ = 0;
    std::string buffer_;
    std::size_t parsed_ = 0; ///< of the buffer
    Expect expect_ = Expect::head;
    std::string boundary_;
    std::size_t body_bytes_ = 0;
    bool ended_ = false;
    std::uint64_t frames_ = 0;
    std::uint64_t missed_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::string fault_;
    Clock::duration first_frame_after_{};
    std::vector<std::chrono::nanoseconds> ages_;
};

class ClientPool {
public:
    ClientPool();

    StreamClient& add(UniqueFd socket, std::string_view target = "/stream",
                      std::uint64_t bytes_per_second = 0);
    /// Reads for all until `done`. False when that takes longer than `bound`.
    [[nodiscard]] bool run_until(const std::function<bool()>& done,
                                 std::chrono::seconds bound = std::chrono::seconds(30));
    /// Reads what is there, after waiting for it no longer than this.
    void poll(int wait_ms);
    [[nodiscard]] std::deque<StreamClient>& clients() { return clients_; }
    /// The first fault of any client; empty when there is none.
    [[nodiscard]] std::string fault() const;

private:
    UniqueFd epoll_;
    std::deque<StreamClient> clients_;
};

/// Sends `request` and reads until the peer closes or `Content-Length` bytes of body are there.
[[nodiscard]] std::string ask(const UniqueFd& socket, std::string_view request);

/// For what is measured in time: a busy machine gets two other tries, a little later each, and a
/// slow program fails them all.
[[nodiscard]] bool in_some_try(const std::function<bool()>& holds);

/// The middle one; `samples` is not empty.
[[nodiscard]] std::chrono::nanoseconds median(std::vector<std::chrono::nanoseconds> samples);

} // namespace ringcast::relay_test
