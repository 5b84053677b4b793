// Deadlines of the relay, and its shutdown.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/assert.hpp"
#include "relay/relay.hpp"

namespace ringcast::relay {

namespace {

constexpr std::uint32_t age_samples_per_sweep = 16;

void count_viewer(const connection::ConnectionContext& context,
                  const connection::Connection& viewer) noexcept {
    const bool zero_copy =
        viewer.frames().send_path(context, viewer.endpoint()) == connection::SendPath::zero_copy;
    context.sends_of(viewer.frames().options().stream).viewers_zero_copy += zero_copy ? 1U : 0U;
}

} // namespace

/// Waits until `wake_at` for completions, `expected` of which are likely to arrive in quick
/// succession. Returns how many there are.
std::size_t Relay::wait_for_completions(Instant wake_at, std::size_t expected) noexcept {
    engine_.read_clocks();
    const Instant began = engine_.now();
    const std::size_t count = engine_.submit_and_reap(completions_, wake_at, expected);
    const Duration excused = loop_hold_.on_wake(began, wake_at, engine_.now());
    if (excused > Duration::zero()) {
        // Peers have received and sent meanwhile, which the loop has not seen yet.
        connections_.for_each([=](connection::ConnectionId, connection::Connection& connection) {
            connection.excuse(excused);
        });
    }
    return count;
}

Instant Relay::next_deadline() const noexcept {
    Instant earliest = next_sweep_;
    for (const stream::Stream* stream : streams_.all()) {
        earliest = std::min(earliest, stream->deadline());
    }
    earliest = std::min(std::max(earliest, loop_hold_.judge_from()), renditions_.deadline());
    return std::min({earliest, stop_by_, acceptor_.deadline()});
}

void Relay::on_deadlines() noexcept {
    const Instant now = engine_.now();
    const bool judges = loop_hold_.judge(now);
    for (stream::Stream* stream : streams_.all()) {
        if (judges && stream->deadline() <= now) {
            stream->on_deadline(now);
        }
    }
    if (judges && now >= next_sweep_) {
        sweep(now);
        sample_ages(now);
        next_sweep_ = connections_.size() > 0 ? now + settings_.sweep_interval : never;
    }
    if (now >= stop_by_) {
        abort_all(now);
    }
}

void Relay::sweep(Instant now) noexcept {
    for (connection::StreamSends& sends : streams_.sends()) {
        sends.viewers_zero_copy = 0;
    }
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        if (connection.streaming()) {
            count_viewer(context_, connection);
            connection.frames().update_rate(now);
            if (engine_.wall_now() >= connection.frames().options().ends_at) {
                disconnect(connection);
            }
        }
        if (now - connection.opened() >= settings_.sweep_interval) {
            connection.end_handshaking(context_);
            if (stopping_) {
                end_with_server(connection);
            }
        }
        if (now < connection.deadline()) {
            check_progress(connection, now);
        } else {
            on_connection_deadline(connection);
        }
    });
}

/// For the statistics: some viewers each time, one after the other. The kernel has to be asked for
/// each of them.
void Relay::sample_ages(Instant now) noexcept {
    std::uint32_t left = age_samples_per_sweep;
    const auto sample = [&](connection::ConnectionId id, connection::Connection& viewer) {
        const connection::ConnectionState state = viewer.state();
        if (!viewer.streaming() || viewer.aborting() ||
            state == connection::ConnectionState::closing) {
            return true;
        }
        if (left == 0) {
            next_age_sample_ = id.index;
            return false;
        }
        --left;
        viewer.frames().sample_delivery(context_, viewer.endpoint());
        const Instant captured_at = viewer.frames().delivery().delivered_captured_at();
        if (captured_at != never) {
            stream_of(viewer).note_delivered_age(now - captured_at);
        }
        return true;
    };
    connections_.for_each_from(std::exchange(next_age_sample_, 0), sample);
}

void Relay::on_connection_deadline(connection::Connection& connection) noexcept {
    switch (connection.state()) {
    case connection::ConnectionState::reading_proxy_header:
        return on_event(connection, connection::ConnectionEvent::bad_proxy_header);
    case connection::ConnectionState::reading:
        return responder_.answer_timeout(connection);
    case connection::ConnectionState::waiting:
        return; // is answered at the end of this turn
    case connection::ConnectionState::following:
        return responder_.followers().send_heartbeat(connection);
    case connection::ConnectionState::draining:
        return connection.end_drain(context_);
    case connection::ConnectionState::free:
    case connection::ConnectionState::replying:
    case connection::ConnectionState::idle:
    case connection::ConnectionState::sending:
    case connection::ConnectionState::aborting:
    case connection::ConnectionState::closing:
        RINGCAST_ASSERT(false); // these have no deadline
    }
}

void Relay::check_progress(connection::Connection& connection, Instant now) noexcept {
    const connection::ConnectionState state = connection.state();
    const bool in_flight =
        connection.frames().pinned() > 0 || state == connection::ConnectionState::replying;
    const bool ending = state == connection::ConnectionState::aborting ||
                        state == connection::ConnectionState::closing;
    if (!in_flight || ending) {
        return;
    }
    // The first sample is only the baseline, so it is taken early enough for a second one before
    // the time-out, and earlier where viewers may be evicted, to distinguish stuck from slow ones.
    const bool may_be_evicted =
        connection.streaming() && stream_of(connection).eviction().slots_halved();
    const Duration patience =
        may_be_evicted ? settings_.sweep_interval : settings_.connection.stall_timeout / 4;
    const connection::Delivery& delivery = connection.frames().delivery();
    if (now - delivery.last_progress() < patience) {
        return;
    }
    connection.frames().sample_delivery(context_, connection.endpoint());
    if (now - delivery.last_progress() >= settings_.connection.stall_timeout) {
        ++counters_.evicted_stalled;
        connection.abort(context_);
    }
}

// --- the end ---

/// Ends a connection in order, in any state.
void Relay::disconnect(connection::Connection& connection) noexcept {
    switch (connection.state()) {
    case connection::ConnectionState::reading_proxy_header:
    case connection::ConnectionState::waiting:
        return connection.abort(context_);
    case connection::ConnectionState::reading:
    case connection::ConnectionState::idle:
    case connection::ConnectionState::following:
        return connection.drain(context_);
    case connection::ConnectionState::replying: // a stream's head, a whole reply, or an event
    case connection::ConnectionState::sending:
        return connection.end_soon();
    case connection::ConnectionState::free:
    case connection::ConnectionState::draining:
    case connection::ConnectionState::aborting:
    case connection::ConnectionState::closing:
        return;
    }
}

/// A new connection has time for its request: while another process takes over its listening socket,
/// a client can't know that it has reached this one.
void Relay::end_with_server(connection::Connection& connection) noexcept {
    if (connection.state() == connection::ConnectionState::waiting) {
        return responder_.answer_ending(connection);
    }
    const bool awaits_request =
        connection.state() == connection::ConnectionState::reading ||
        connection.state() == connection::ConnectionState::reading_proxy_header;
    if (!awaits_request || !connection.handshaking()) {
        disconnect(connection);
    }
}

void Relay::stop() noexcept {
    if (stopping_) {
        return;
    }
    stopping_ = true;
    stop_by_ = engine_.now() + settings_.shutdown_grace;
    acceptor_.stop();
    responder_.stop();
    router_.authenticator().stop();
    renditions_.stop();
    for (stream::Stream* stream : streams_.all()) {
        stream->retire();
    }
    if (painter_ != nullptr) {
        painter_->stop();
    }
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        end_with_server(connection);
    });
}

void Relay::abort_all(Instant now) noexcept {
    connections_.for_each([&](connection::ConnectionId, connection::Connection& connection) {
        connection.abort(context_);
    });
    stop_by_ = now + settings_.shutdown_grace; // tries again, in case any are left
}

bool Relay::finished() const noexcept {
    if (!stopping_ || connections_.size() > 0 || sends_.size() > 0) {
        return false;
    }
    const bool sources_stopped = std::ranges::all_of(
        streams_.all(), [](stream::Stream* stream) { return stream->source_stopped(); });
    return acceptor_.stopped() && sources_stopped && router_.authenticator().stopped() &&
           renditions_.stopped() && (painter_ == nullptr || painter_->stopped());
}

} // namespace ringcast::relay
