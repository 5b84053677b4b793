#pragma once
// The loop: hands completions to whom they belong, fans frames out, admits and evicts viewers, and
// answers requests. Knows no operating system: everything it does goes through the engine.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/routes.hpp"
#include "api/status.hpp"
#include "base/time.hpp"
#include "connection/connection.hpp"
#include "http/response.hpp"
#include "io/engine.hpp"
#include "relay/settings.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/stream.hpp"

namespace ringcast::relay {

class Relay {
public:
    /// `streams` is not empty; `default_stream` answers at the root. `painter` may be null: then
    /// there are no "no signal" pictures. The engine, sources, arenas and painter outlive the relay;
    /// `listeners` are listening sockets that the caller closes after the relay has finished.
    Relay(io::Engine& engine, RelaySettings settings, std::vector<stream::StreamSetup> streams,
          std::uint32_t default_stream, std::span<const int> listeners,
          source::PlaceholderPainter* painter);
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;
    Relay(Relay&&) = delete;
    Relay& operator=(Relay&&) = delete;
    ~Relay();

    /// Starts sources and begins to accept.
    void start() noexcept;
    /// One turn of the loop: starts sends, submits, waits for completions or the next deadline, and
    /// handles them. Comes back by `wake_by` even when nothing happens.
    void turn(Instant wake_by = never) noexcept;
    /// Stops accepting, lets parts in flight finish within a bound, then ends everything.
    void stop() noexcept;
    /// True once nothing is under way any more, after `stop`.
    [[nodiscard]] bool finished() const noexcept;

    /// Takes the completions of the application's own operations (OpKind::control).
    void set_control_handler(std::function<void(const io::Completion&)> handler) {
        control_handler_ = std::move(handler);
    }
    /// Adds to each status what only the application knows (system calls, lines not logged).
    void set_status_hook(std::function<void(api::RelayCounters&)> hook) {
        status_hook_ = std::move(hook);
    }

    [[nodiscard]] api::StatusSnapshot status(bool with_viewers);
    [[nodiscard]] bool source_ended(std::uint32_t stream) const noexcept {
        return streams_[stream]->source_ended();
    }
    [[nodiscard]] const api::RelayCounters& counters() const noexcept { return counters_; }
    /// For tests and the simulation: what is held right now.
    [[nodiscard]] std::uint32_t connection_count() const noexcept { return viewers_.size(); }
    [[nodiscard]] std::uint32_t send_count() const noexcept { return sends_.size(); }
    [[nodiscard]] const stream::Stream& stream(std::uint32_t index) const noexcept {
        return *streams_[index];
    }

private:
    struct Listener {
        int socket = -1;
        bool armed = false;
        Instant rearm_at = never;
    };
    enum class Phase : std::uint8_t { running, stopping };
    /// For what happens in bursts and is said once per burst.
    struct Reminder {
        Instant quiet_until{};
        [[nodiscard]] bool due(Instant now) noexcept {
            constexpr Duration burst_gap = std::chrono::minutes(1);
            const bool first = now >= quiet_until;
            quiet_until = now + burst_gap;
            return first;
        }
    };

    // relay.cpp: the loop
    void dispatch(const io::Completion& completion) noexcept;
    void on_accept(const io::Completion& completion) noexcept;
    void on_viewer_completion(const io::Completion& completion) noexcept;
    void on_send(const io::Completion& completion) noexcept;
    void on_source(const io::Completion& completion) noexcept;
    void on_event(connection::Connection& viewer, connection::ConnectionEvent event) noexcept;
    void admit(int socket) noexcept;
    void evict_silent(connection::ConnectionId newcomer) noexcept;
    void arm(std::uint32_t listener) noexcept;
    void fan_out() noexcept;
    void evict_for_memory(stream::Stream& stream) noexcept;
    void note_error(const io::Completion& completion, connection::ConnectionState state) noexcept;
    void count_late(const io::Completion& completion) noexcept;
    [[nodiscard]] bool fan_out_pending() const noexcept;
    [[nodiscard]] std::uint64_t frames_published() const noexcept;

    // relay_time.cpp: what time brings
    void on_deadlines() noexcept;
    void sweep(Instant now) noexcept;
    void check_progress(connection::Connection& viewer, Instant now) noexcept;
    void end_viewers(Instant now) noexcept;
    [[nodiscard]] Instant next_deadline() const noexcept;

    // relay_requests.cpp: what is answered
    void answer(connection::Connection& viewer) noexcept;
    void answer_route(connection::Connection& viewer, const api::Route& route,
                      const http::ReplyContext& reply);
    void answer_bad_request(connection::Connection& viewer);
    void answer_stream(connection::Connection& viewer, const api::Route& route,
                       const http::ReplyContext& reply);
    void answer_snapshot(connection::Connection& viewer, const api::Route& route,
                         const http::ReplyContext& reply);
    void answer_health(connection::Connection& viewer, const api::Route& route,
                       const http::ReplyContext& reply);
    void answer_controls(connection::Connection& viewer, stream::Stream& stream,
                         const http::ReplyContext& reply);
    void answer_snapshot_waiters() noexcept;
    /// False when there is nothing for it yet.
    bool answer_snapshot_waiter(connection::Connection& viewer,
                                const stream::Stream& stream) noexcept;
    void answer_late_snapshot(connection::Connection& viewer) noexcept;
    void answer_timeout(connection::Connection& viewer) noexcept;
    void send_snapshot(connection::Connection& viewer, const stream::Stream& stream,
                       const http::ReplyContext& reply);
    void refuse_snapshot(connection::Connection& viewer, const stream::Stream& stream,
                         const http::ReplyContext& reply);
    void send_text(connection::Connection& viewer, int status, http::ContentType type,
                   std::string_view body, const http::ReplyContext& reply,
                   std::uint32_t retry_after_seconds = 0);
    void send_error(connection::Connection& viewer, int status, std::string_view line,
                    const http::ReplyContext& reply, std::uint32_t retry_after_seconds = 0);
    void count_response(int status) noexcept;
    void report_refused_origin(std::string_view origin) noexcept;
    [[nodiscard]] std::uint32_t viewers_from(const connection::Connection& viewer) noexcept;
    [[nodiscard]] http::ReplyContext
    reply_context(const connection::Connection& viewer) const noexcept;

    io::Engine& engine_;
    RelaySettings settings_;
    source::PlaceholderPainter* painter_;
    std::vector<std::string> stream_names_;
    std::uint32_t default_stream_;
    connection::ConnectionSlab viewers_;
    connection::SendSlab sends_;
    std::vector<connection::StreamSends> stream_sends_; ///< by index of the stream
    connection::ConnectionContext context_;
    std::vector<std::unique_ptr<stream::Stream>> streams_;
    std::vector<Listener> listeners_;
    std::vector<io::Completion> completions_;
    std::vector<connection::ConnectionId> evictions_;

    Phase phase_ = Phase::running;
    Instant started_{};
    Instant next_sweep_ = never;
    Instant stop_by_ = never;
    std::uint32_t streaming_count_ = 0;   ///< viewers of streams
    std::uint32_t handshaking_count_ = 0; ///< connections that are being set up
    std::uint32_t answers_expected_ = 0;  ///< to sends of the newest frames: results, notifications
    std::uint64_t frames_seen_ = 0;       ///< `frames_published` at the last fan-out
    std::uint32_t next_stream_ = 0;       ///< whose fan-out goes first
    bool snapshots_pending_ = false;      ///< waiters are left that a turn had no room for
    bool origin_reported_ = false;
    Reminder refusal_reminder_;
    Reminder eviction_reminder_;
    api::RelayCounters counters_;
    std::function<void(const io::Completion&)> control_handler_;
    std::function<void(api::RelayCounters&)> status_hook_;
};

} // namespace ringcast::relay
