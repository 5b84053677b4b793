#pragma once
// Reads the stream of another server over HTTP: connects, asks, reads frames into slots, and
// connects again when that ends. Asks again and again where the answer is a single picture. Knows
// sockets only through the engine, and nothing of how a body becomes frames (BodyReader).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "http/response_head.hpp"
#include "http/url.hpp"
#include "io/engine.hpp"
#include "io/resolver.hpp"
#include "source/frame_source.hpp"
#include "source/idle_time.hpp"
#include "source/silence_watch.hpp"
#include "source/upstream_status.hpp"
#include "upstream/authorization.hpp"
#include "upstream/body_reader.hpp"
#include "upstream/connection.hpp"
#include "upstream/reconnect_delay.hpp"
#include "upstream/request_target.hpp"

namespace ringcast::upstream {

struct UpstreamSettings {
    http::Url url;                           ///< with the credentials, if there are any
    std::string socket_path;                 ///< of a UNIX socket; empty: TCP, to the URL's host
    Duration poll = std::chrono::seconds(1); ///< between two requests for a single picture
    Duration timeout = std::chrono::seconds(10); ///< of connecting, of the answer, and of silence
    bool on_demand = false;
    Duration idle_after = std::chrono::seconds(10);
    std::string instance; ///< id of this process, by which loops are noticed
    std::string version;  ///< of ringcast, for User-Agent
};

class UpstreamSource final : public source::FrameSource {
public:
    /// A frame that takes longer than the time-out has to arrive at this rate at least.
    static constexpr std::uint64_t bytes_per_second_min = 8 * 1024;
    /// After so long with nothing but "no signal", the connection is made anew: servers that
    /// connected to each other in the same moment notice the loop only then.
    static constexpr Duration no_signal_max = std::chrono::minutes(1);
    static constexpr Duration retry_after_max = std::chrono::minutes(1);

    /// `resolver` serves this source alone.
    UpstreamSource(io::Engine& engine, std::unique_ptr<io::Resolver> resolver,
                   std::string stream_name, UpstreamSettings settings);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override;
    void on_deadline(Instant now) noexcept override;
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return state_ == State::stopped; }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "http"; }
    [[nodiscard]] std::optional<source::UpstreamStatus> upstream() const override;
    /// For the simulation: whether one of the arena's slots is being written.
    [[nodiscard]] bool holds_slot() const noexcept { return body_.holds_slot(); }

private:
    enum class State : std::uint8_t {
        idle,         ///< not started yet
        resting,      ///< nobody watches
        waiting,      ///< for due_at_, without a connection
        connecting,   ///< or looking up the server's name
        requesting,   ///< the request is sent
        reading_head, ///< the head of the answer is awaited
        reading_body,
        polling, ///< waits for due_at_; the connection is kept for the next request
        ending,  ///< the connection is being closed; after_ says what follows
        stopped,
    };
    enum class After : std::uint8_t { connect, wait, rest, stop };
    /// What is known from the last answer.
    struct Answer {
        std::string server;           ///< the Server header, cut
        std::vector<std::string> via; ///< ids of the ringcasts on the way
        bool keep_alive = false;
        bool polled = false; ///< it was a single picture, so that the next one is asked for
    };

    // The handlers may throw std::bad_alloc; then the connection is given up.
    template <typename Handler>
    void guarded(Handler handler) noexcept;
    void take(const Connection::Step& step);
    void take_deadline(Instant now);

    void connect();
    void request();
    void read_head();
    void on_head_bytes(std::size_t bytes);
    void on_answer();
    void follow_redirect(std::string_view location);
    void authorize();

    // upstream_body.cpp
    void begin_body();
    void read_body();
    void on_body_bytes(std::size_t bytes);
    void on_connection_end(bool failed);
    void note_progress();
    void on_body_end();
    void wait_for_poll();
    void on_silence(Instant now);
    [[nodiscard]] Instant silent_at() const noexcept;

    void note_good_run() noexcept;
    void begin_anew();
    void connection_lost(std::string_view reason);
    void fail(std::string_view reason, Duration wait_min = Duration::zero());
    void end_connection(After after) noexcept;
    void settle();
    void rest() noexcept;
    [[nodiscard]] std::string_view state_name() const noexcept;

    io::Engine& engine_;
    std::string stream_name_;
    UpstreamSettings settings_;
    source::SourceCounters counters_;
    source::FrameSink* sink_ = nullptr;
    io::StreamId stream_;

    State state_ = State::idle;
    After after_ = After::stop;
    Instant due_at_ = never;       ///< the deadline of the state
    Instant reconnect_at_ = never; ///< with After::wait
    Instant idle_at_ = never;      ///< nobody watches, so the source rests from then on
    source::IdleTime idle_time_;
    source::SilenceWatch silence_;
    ReconnectDelay delay_;

    RequestTarget target_;
    Connection connection_;
    bool reused_ = false; ///< a whole answer has been read from the connection
    Authorization authorization_;
    std::string request_;
    Instant requested_at_{};
    http::ResponseHeadReader head_;
    Answer answer_;
    BodyReader body_;
    Instant slot_retry_at_ = never;
    /// Frames of this body, and "no signal" pictures since the start, that have been noticed.
    std::uint64_t seen_before_ = 0;
};

} // namespace ringcast::upstream
