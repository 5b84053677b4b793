#pragma once
// The loop: delivers completions to their owners, fans frames out, admits and evicts connections,
// and ends in order. Knows no operating system: all I/O goes through the engine.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "api/status.hpp"
#include "base/immovable.hpp"
#include "base/time.hpp"
#include "connection/connection.hpp"
#include "io/engine.hpp"
#include "relay/acceptor.hpp"
#include "relay/adaptive_viewers.hpp"
#include "relay/client_log.hpp"
#include "relay/event_watch.hpp"
#include "relay/eviction_log.hpp"
#include "relay/fan_out.hpp"
#include "relay/loop_hold.hpp"
#include "relay/renditions.hpp"
#include "relay/responder.hpp"
#include "relay/settings.hpp"
#include "relay/stream_starts.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

// Limits: the functions are those of the turn, and of changes between two turns, in a file each.
class Relay : private Immovable {
public:
    /// `streams` is not empty; the one at `default_stream` is served at the root too. `painter` may
    /// be null: then there are no "no signal" pictures. `checker` may be null unless there are users
    /// in `settings.access`. Without `pictures` there are no renditions. The engine, sources, arenas,
    /// painter, checker and `pictures` outlive the relay.
    /// `listeners` are listening sockets that the caller closes after the relay has finished.
    Relay(io::Engine& engine, RelaySettings settings, std::vector<stream::StreamSetup> streams,
          std::size_t default_stream, std::span<const int> listeners,
          source::PlaceholderPainter* painter, PasswordChecker* checker = nullptr,
          PictureMaking pictures = {});
    ~Relay();

    /// Starts the sources. Connections are accepted from the first turn on.
    void start() noexcept;
    /// One turn of the loop: starts sends, submits, waits for completions or the next deadline, and
    /// handles them. Returns by `wake_by` even when nothing happens.
    void turn(Instant wake_by = never) noexcept;
    /// While draining, new viewers are refused and the health check fails, so that a load balancer
    /// sends nobody else. Everything goes on for the viewers that are here.
    void set_draining(bool draining) noexcept { responder_.set_draining(draining); }
    /// Stops accepting, lets parts in flight finish within a bound, then ends everything. Requests that
    /// arrive meanwhile on new connections, and those that wait, are refused.
    void stop() noexcept;
    /// True once nothing is under way any more, after `stop`.
    [[nodiscard]] bool finished() const noexcept;

    // --- changes between two turns; those that throw std::bad_alloc have changed nothing then -----
    /// Adds a stream; `stream_places` says how many more there may be. Its source starts when those of
    /// `after`, streams that have been ended or are ended next, use nothing any more; with an empty
    /// list at once. Throws std::bad_alloc.
    io::StreamId add_stream(stream::StreamSetup setup, std::span<const io::StreamId> after = {});
    /// Ends a stream as `end_stream` does, and adds one of the same name as `add_stream` does, to
    /// which its viewers move over: each is sent the rest of the part that is under way, and goes on
    /// with the frames of the new stream, or its "no signal" picture until there are any. `after` may
    /// contain `id`. If `id` is the default stream, the new one is.
    io::StreamId replace_stream(io::StreamId id, stream::StreamSetup setup,
                                std::span<const io::StreamId> after = {});
    /// Ends a stream other than the default one: its source stops, its viewers are disconnected in
    /// order. Its arena and source are in use until `has_stream` says no.
    void end_stream(io::StreamId id) noexcept;
    /// Those of the stream that run and are changed or gone end; their viewers move over to the one of
    /// the same name, or to the stream itself. `adapting` is for viewers that come later.
    void set_renditions(io::StreamId id, std::vector<stream::RenditionSpec> renditions,
                        stream::Adapting adapting);
    [[nodiscard]] std::size_t stream_places() const noexcept;
    /// The stream has not been ended.
    void set_default_stream(io::StreamId id) noexcept;

    /// Accepts connections on another listening socket. Returns the place of the listener; those given
    /// to the constructor have the places from 0 on. Throws std::bad_alloc.
    std::uint32_t add_listener(int socket, const ListenerSettings& settings);
    /// `open` concerns the connections that the listener has accepted too.
    void change_listener(std::uint32_t place, const ListenerSettings& settings) noexcept;
    /// Accepts nothing more. The connections that the listener has accepted go on. Its socket is in
    /// use until `listener_removed` says yes.
    void remove_listener(std::uint32_t place) noexcept;
    [[nodiscard]] bool listener_removed(std::uint32_t place) const noexcept;

    /// Replaces the settings. `viewers_max` can't exceed `viewers_places`. Viewers that are here stay.
    void change_settings(ServingSettings settings);
    /// How many viewers there are places for.
    [[nodiscard]] std::uint32_t viewers_places() const noexcept { return viewers_places_; }
    /// Replaces `RelaySettings::access`; if there was none, passwords are asked for from now on, and if
    /// there is none, no longer. Those who may watch no longer are disconnected. `checker` is the
    /// relay's from now on, if it had none; without any, users can't log in.
    void set_access(std::optional<AccessSettings> access, PasswordChecker* checker = nullptr);

    [[nodiscard]] bool has_stream(io::StreamId id) const noexcept;

    /// Receives the completions of the application's own operations (OpKind::control).
    void set_control_handler(std::function<void(const io::Completion&)> handler);
    /// Adds to each status the counters that only the application knows (system calls, lines not
    /// logged).
    void set_status_hook(std::function<void(api::RelayCounters&)> hook);

    /// Tells those who follow events of one that only the application knows.
    void add_event(const api::Event& event) noexcept { events_.add(event); }
    /// Asks the kernel for the progress of each viewer that is listed.
    [[nodiscard]] api::StatusSnapshot status(const api::ViewerPage& page);
    [[nodiscard]] const api::RelayCounters& counters() const noexcept { return counters_; }
    /// For tests and the simulation: what is held right now.
    [[nodiscard]] const connection::ConnectionSlab& connections() const noexcept {
        return connections_;
    }
    struct Places {
        std::uint32_t requests = 0; ///< neither streams nor ending
        std::uint32_t viewers = 0;
    };
    [[nodiscard]] Places places_taken() const noexcept;
    [[nodiscard]] std::uint32_t send_count() const noexcept { return sends_.size(); }
    [[nodiscard]] std::size_t report_bytes() const noexcept { return responder_.report_bytes(); }
    [[nodiscard]] const EventLog& event_log() const noexcept { return events_.log(); }
    /// `position`: in the order in which the streams were added, those that are gone left out.
    [[nodiscard]] const stream::Stream& stream(std::size_t position) const noexcept;

private:
    // relay.cpp: the loop
    void dispatch(const io::Completion& completion) noexcept;
    void on_connection_completion(const io::Completion& completion) noexcept;
    void on_frame_send(const io::Completion& completion) noexcept;
    void on_source(const io::Completion& completion) noexcept;
    void on_painter(const io::Completion& completion) noexcept;
    void on_event(connection::Connection& connection, connection::ConnectionEvent event) noexcept;
    void admit(Acceptor::Accepted accepted) noexcept;
    void evict_silent() noexcept;
    void evict_for_memory(stream::Stream& stream) noexcept;
    void fan_out() noexcept;
    void count_late(const io::Completion& completion) noexcept;
    /// The connection is a viewer of a stream that exists, or the relay stops.
    [[nodiscard]] stream::Stream& stream_of(const connection::Connection& viewer) const noexcept {
        return streams_.get(viewer.frames().options().stream);
    }

    // relay_changes.cpp: changes while the loop runs
    void move_viewers(io::StreamId from, stream::Stream& to) noexcept;
    void move_to_successor(io::StreamId rendition, stream::Stream& original);
    void disconnect_unwelcome() noexcept;
    [[nodiscard]] std::uint32_t free_listener_place();

    // relay_timers.cpp: deadlines, and the end
    [[nodiscard]] std::size_t wait_for_completions(Instant wake_at, std::size_t expected) noexcept;
    void on_deadlines() noexcept;
    void sweep(Instant now) noexcept;
    void sample_ages(Instant now) noexcept;
    void on_connection_deadline(connection::Connection& connection) noexcept;
    void check_progress(connection::Connection& connection, Instant now) noexcept;
    [[nodiscard]] Instant next_deadline() const noexcept;
    void disconnect(connection::Connection& connection) noexcept;
    void end_with_server(connection::Connection& connection) noexcept;
    void abort_all(Instant now) noexcept;

    io::Engine& engine_;
    RelaySettings settings_;
    /// Places of the table, whatever `settings_.viewers_max` is now.
    std::uint32_t viewers_places_ = settings_.viewers_max;
    source::PlaceholderPainter* painter_;
    connection::ConnectionSlab connections_;
    connection::SendSlab sends_;
    stream::StreamTable streams_;
    io::StreamId default_stream_;
    StreamStarts starts_;
    connection::ConnectionContext context_;
    api::RelayCounters counters_;
    ClientLog client_log_;
    Router router_;
    Renditions renditions_;
    EventWatch events_;
    AdaptiveViewers adaptive_{context_, renditions_};
    Acceptor acceptor_;
    Responder responder_;
    std::vector<io::Completion> completions_;
    std::vector<connection::ConnectionId> evictions_; ///< of one turn

    bool stopping_ = false;
    Instant started_{};
    LoopHold loop_hold_{settings_.sweep_interval};
    Instant next_sweep_ = never;
    std::uint32_t next_age_sample_ = 0; ///< a place in the table of connections
    Instant stop_by_ = never;
    FanOut fan_out_;
    EvictionLog eviction_log_;
    std::function<void(const io::Completion&)> control_handler_;
    std::function<void(api::RelayCounters&)> status_hook_;
};

} // namespace ringcast::relay
