// What the relay does because time has passed, and how it ends.

#include <algorithm>

#include "base/assert.hpp"
#include "relay/relay.hpp"

namespace ringcast::relay {

Instant Relay::next_deadline() const noexcept {
    Instant earliest = std::min(next_sweep_, stop_by_);
    for (const auto& stream : streams_) {
        earliest = std::min(earliest, stream->deadline());
    }
    for (const Listener& listener : listeners_) {
        earliest = std::min(earliest, listener.rearm_at);
    }
    return earliest;
}

void Relay::on_deadlines() noexcept {
    const Instant now = engine_.now();
    for (const auto& stream : streams_) {
        if (stream->deadline() <= now) {
            stream->on_deadline(now);
        }
    }
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        if (listeners_[i].rearm_at <= now) {
            arm(i);
        }
    }
    if (now >= next_sweep_) {
        sweep(now);
        next_sweep_ = viewers_.size() > 0 ? now + settings_.sweep_interval : never;
    }
    if (now >= stop_by_) {
        end_viewers(now);
    }
}

void Relay::sweep(Instant now) noexcept {
    viewers_.for_each([&](connection::ConnectionId, connection::Connection& viewer) {
        viewer.measure_rate(now);
        if (viewer.handshaking() && now - viewer.opened() >= settings_.sweep_interval) {
            viewer.end_handshaking(); // it has nothing to say yet: nobody else waits for it
            --handshaking_count_;
        }
        if (now < viewer.deadline()) {
            check_progress(viewer, now);
            return;
        }
        switch (viewer.state()) {
        case connection::ConnectionState::reading:
            return answer_timeout(viewer);
        case connection::ConnectionState::waiting:
            return answer_late_snapshot(viewer);
        case connection::ConnectionState::draining:
            return viewer.end_drain(context_);
        case connection::ConnectionState::free:
        case connection::ConnectionState::replying:
        case connection::ConnectionState::idle:
        case connection::ConnectionState::sending:
        case connection::ConnectionState::aborting:
        case connection::ConnectionState::closing:
            RINGCAST_ASSERT(false); // these have no deadline
        }
    });
}

void Relay::check_progress(connection::Connection& viewer, Instant now) noexcept {
    const bool in_flight =
        viewer.frames_pinned() > 0 || viewer.state() == connection::ConnectionState::replying;
    const bool ending = viewer.state() == connection::ConnectionState::aborting ||
                        viewer.state() == connection::ConnectionState::closing;
    // The first question gives the baseline, so it comes early enough for a second one to answer;
    // where viewers may have to yield, early enough to know who is stuck and who is only slow.
    const bool may_yield = viewer.streaming() && streams_[viewer.options().stream]->slots_halved();
    const Duration patience =
        may_yield ? settings_.sweep_interval : settings_.viewer.stall_timeout / 4;
    if (!in_flight || ending || now - viewer.last_progress() < patience) {
        return;
    }
    viewer.sample_progress(context_);
    if (now - viewer.last_progress() >= settings_.viewer.stall_timeout) {
        ++counters_.evicted_stalled;
        viewer.abort(context_);
    }
}

// --- the end ---

void Relay::stop() noexcept {
    if (phase_ == Phase::stopping) {
        return;
    }
    phase_ = Phase::stopping;
    stop_by_ = engine_.now() + settings_.shutdown_grace;
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        listeners_[i].rearm_at = never;
        if (listeners_[i].armed) {
            engine_.cancel({}, {io::OpKind::accept, i, 1});
        }
    }
    for (const auto& stream : streams_) {
        stream->source().stop();
        stream->close();
    }
    if (painter_ != nullptr) {
        painter_->stop();
    }
    viewers_.for_each([&](connection::ConnectionId, connection::Connection& viewer) {
        switch (viewer.state()) {
        case connection::ConnectionState::waiting:
            return viewer.abort(context_);
        case connection::ConnectionState::reading:
        case connection::ConnectionState::idle:
            return viewer.drain(context_);
        case connection::ConnectionState::replying:
            return viewer.end_keep_alive();
        case connection::ConnectionState::free:
        case connection::ConnectionState::sending: // drains when its part is out
        case connection::ConnectionState::draining:
        case connection::ConnectionState::aborting:
        case connection::ConnectionState::closing:
            return;
        }
    });
}

void Relay::end_viewers(Instant now) noexcept {
    viewers_.for_each(
        [&](connection::ConnectionId, connection::Connection& viewer) { viewer.abort(context_); });
    stop_by_ = now + settings_.shutdown_grace; // what came meanwhile, if anything
}

bool Relay::finished() const noexcept {
    if (phase_ != Phase::stopping || viewers_.size() > 0 || sends_.size() > 0) {
        return false;
    }
    const bool accepts_ended = std::none_of(listeners_.begin(), listeners_.end(),
                                            [](const Listener& l) { return l.armed; });
    const bool sources_ended =
        std::all_of(streams_.begin(), streams_.end(),
                    [](const auto& stream) { return stream->source().stopped(); });
    return accepts_ended && sources_ended && (painter_ == nullptr || painter_->stopped());
}

} // namespace ringcast::relay
