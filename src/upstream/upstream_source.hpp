#pragma once
// Reads the stream of another server over HTTP: connects, asks, reads frames into slots, and
// connects again when that ends. Asks again and again where the answer is a single picture. Knows
// sockets only through the engine, and nothing of how a body becomes frames (BodyReader).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
#include "upstream/dialer.hpp"
#include "upstream/reconnect_delay.hpp"

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
    static constexpr int redirects_max = 5;
    /// A frame that takes longer than the time-out has to arrive at this rate at least.
    static constexpr std::uint64_t bytes_per_second_min = 8 * 1024;
    /// Delay before the next attempt to take a slot, while viewers that are being evicted hold all.
    static constexpr Duration slot_retry_time = std::chrono::milliseconds(20);
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
        resolving,    ///< the host's name is looked up
        connecting,   ///< the dialer is at work
        requesting,   ///< the request is sent
        reading_head, ///< the head of the answer is awaited
        reading_body,
        polling, ///< waits for due_at_; the connection is kept for the next request
        ending,  ///< operations are joined; after_ says what follows
        stopped,
    };
    enum class After : std::uint8_t { connect, wait, rest, stop };
    enum Operation : std::uint8_t { look_up, send_request, receive_bytes, connect_first };

    // The handlers may throw std::bad_alloc; then the connection is given up.
    template <typename Handler>
    void guarded(Handler handler) noexcept;
    void take(const io::Completion& completion);
    void take_deadline(Instant now);

    void connect();
    void dial(std::span<const io::SocketAddress> addresses);
    void on_looked_up();
    void on_dialed();
    void request();
    void send_on() noexcept;
    void on_sent(std::int32_t result);
    void read_head();
    void on_head_bytes(std::int32_t result);
    void on_answer();
    void follow_redirect(std::string_view location);
    void authorize();
    void begin_body();
    void read_body();
    void on_body_bytes(std::int32_t result);
    void note_progress();
    void on_body_end();
    void on_silence(Instant now);

    void wait_for_poll();
    void note_good_run() noexcept;
    void begin_anew();
    void connection_lost(std::string_view reason);
    void fail(std::string_view reason, Duration wait_min = Duration::zero());
    void end_connection(After after) noexcept;
    void settle();
    void rest() noexcept;

    [[nodiscard]] io::OpToken token(std::uint8_t operation) const noexcept;
    [[nodiscard]] Instant silent_at() const noexcept;
    [[nodiscard]] std::string_view state_name() const noexcept;

    io::Engine& engine_;
    std::unique_ptr<io::Resolver> resolver_;
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

    // the connection
    std::uint16_t run_ = 0; ///< the generation of the operations' tokens
    http::Url url_;         ///< the configured one, or where it redirects to
    int redirects_ = 0;
    bool looking_up_ = false;
    Dialer dialer_;
    int socket_ = -1;
    std::optional<Operation> in_flight_; ///< a send or receive
    bool cancelled_ = false;             ///< ... which has been cancelled
    bool reused_ = false;                ///< a whole answer has been read from it
    io::Transport transport_ = io::Transport::tcp;
    std::string peer_;
    Instant connected_at_{};
    std::uint64_t connections_ = 0;

    // the request and its answer
    Authorization authorization_;
    std::string request_;
    std::size_t sent_ = 0;
    Instant requested_at_{};
    http::ResponseHeadReader head_;
    std::string server_;
    std::vector<std::string> via_;
    bool keep_alive_ = false;
    bool polls_ = false; ///< the last answer was a single picture
    BodyReader body_;
    Instant slot_retry_at_ = never;
    /// Frames of this body, and "no signal" pictures since the start, that have been noticed.
    std::uint64_t seen_before_ = 0;
};

} // namespace ringcast::upstream
