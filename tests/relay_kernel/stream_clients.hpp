#pragma once
// Many viewers in one thread, each with its own strict parser of the response head, part headers,
// Content-Length, JPEG and delimiter. Written against docs/http-api.md, not the server's code.

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
    /// Sends the request. `memory`, if not empty, becomes the client's receive buffer.
    StreamClient(UniqueFd socket, std::string_view target, std::uint64_t bytes_per_second,
                 std::string memory = {});

    /// Reads the available bytes, up to the rate limit. False when the stream has ended.
    bool read(Clock::time_point now);

    [[nodiscard]] int socket() const { return socket_.get(); }
    [[nodiscard]] bool rate_limited() const { return bytes_per_second_ > 0; }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] std::uint64_t frames() const { return frames_; }
    /// Gaps in the sequence numbers between the first and the newest frame.
    [[nodiscard]] std::uint64_t missed() const { return missed_; }
    [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }
    /// The first protocol error; empty if the stream has been correct so far.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    /// Time from sending the request to the end of the first frame.
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
    std::uint64_t bytes_per_second_; ///< 0: unlimited
    Clock::time_point begun_;
    std::uint64_t bytes_read_ = 0;
    std::string buffer_;
    std::size_t parsed_ = 0; ///< parsed bytes at the front of buffer_
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

    /// Allocates receive buffers for the next `clients` clients and touches their pages. Use it
    /// before a measurement of many clients: a page fault costs 13 us in some virtual machines, so
    /// that 300 clients would otherwise spend more than 100 ms on their own memory.
    void allocate_buffers(std::size_t clients, std::size_t bytes);
    StreamClient& add(UniqueFd socket, std::string_view target = "/stream",
                      std::uint64_t bytes_per_second = 0);
    /// Reads from all clients until `done()` is true. False when that takes longer than `bound`.
    [[nodiscard]] bool run_until(const std::function<bool()>& done,
                                 std::chrono::seconds bound = std::chrono::minutes(3));
    /// Reads the available bytes of all clients, after waiting at most `wait_ms` for input.
    void poll(int wait_ms);
    [[nodiscard]] std::deque<StreamClient>& clients() { return clients_; }
    /// The fault of the first client that has one; empty if none has.
    [[nodiscard]] std::string fault() const;

private:
    UniqueFd epoll_;
    std::deque<StreamClient> clients_;
    std::vector<std::string> buffers_; ///< for clients to be added
};

/// Sends `request` and reads until the peer closes or `Content-Length` bytes of body have arrived.
[[nodiscard]] std::string ask(const UniqueFd& socket, std::string_view request);
/// The same for a request that has been sent.
[[nodiscard]] std::string read_reply(const UniqueFd& socket);

/// For tests that measure time. Runs `attempt` up to three times, with a growing delay in between,
/// until it returns true: one busy moment of the machine does not fail the test, but a program that
/// is too slow fails all attempts.
[[nodiscard]] bool passes_within_three_attempts(const std::function<bool()>& attempt);

/// `samples` must not be empty.
[[nodiscard]] std::chrono::nanoseconds median(std::vector<std::chrono::nanoseconds> samples);

} // namespace ringcast::relay_test
