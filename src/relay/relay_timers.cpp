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
    const Instant now = ring_.now();
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
    connection::ViewerContext viewer_context = context();
    viewers_.for_each([&](connection::ViewerId, connection::Viewer& viewer) {
        viewer.measure_rate(now);
        if (viewer.talking() && now - viewer.opened() >= settings_.sweep_interval) {
            viewer.end_talking(); // it has nothing to say yet: nobody else waits for it
            --talking_count_;
        }
        if (now < viewer.deadline()) {
            check_progress(viewer, now);
            return;
        }
        switch (viewer.state()) {
        case connection::ViewerState::reading:
            return answer_timeout(viewer);
        case connection::ViewerState::waiting:
            return answer_late_snapshot(viewer);
        case connection::ViewerState::draining:
            return viewer.end_drain(viewer_context);
        case connection::ViewerState::free:
        case connection::ViewerState::replying:
        case connection::ViewerState::idle:
        case connection::ViewerState::sending:
        case connection::ViewerState::aborting:
        case connection::ViewerState::closing:
            RINGCAST_ASSERT(false); // these have no deadline
        }
    });
}

void Relay::check_progress(connection::Viewer& viewer, Instant now) noexcept {
    const bool in_flight =
        viewer.frames_pinned() > 0 || viewer.state() == connection::ViewerState::replying;
    const bool ending = viewer.state() == connection::ViewerState::aborting ||
                        viewer.state() == connection::ViewerState::closing;
    // The first question gives the baseline, so it comes early enough for a second one to answer;
    // where viewers may have to yield, early enough to know who is stuck and who is only slow.
    const bool may_yield = viewer.streaming() && streams_[viewer.terms().stream]->slots_halved();
    const Duration patience =
        may_yield ? settings_.sweep_interval : settings_.viewer.stall_timeout / 4;
    if (!in_flight || ending || now - viewer.last_progress() < patience) {
        return;
    }
    connection::ViewerContext viewer_context = context();
    viewer.sample_progress(viewer_context);
    if (now - viewer.last_progress() >= settings_.viewer.stall_timeout) {
        ++counters_.evicted_stalled;
        viewer.abort(viewer_context);
    }
}

// --- the end ---

void Relay::stop() noexcept {
    if (phase_ == Phase::stopping) {
        return;
    }
    phase_ = Phase::stopping;
    stop_by_ = ring_.now() + settings_.shutdown_grace;
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        listeners_[i].rearm_at = never;
        if (listeners_[i].armed) {
            ring_.cancel({}, {io::OpKind::accept, i, 1});
        }
    }
    for (const auto& stream : streams_) {
        stream->source().stop();
        stream->close();
    }
    if (painter_ != nullptr) {
        painter_->stop();
    }
    connection::ViewerContext viewer_context = context();
    viewers_.for_each([&](connection::ViewerId, connection::Viewer& viewer) {
        switch (viewer.state()) {
        case connection::ViewerState::waiting:
            return viewer.abort(viewer_context);
        case connection::ViewerState::reading:
        case connection::ViewerState::idle:
            return viewer.drain(viewer_context);
        case connection::ViewerState::replying:
            return viewer.end_keep_alive();
        case connection::ViewerState::free:
        case connection::ViewerState::sending: // drains when its part is out
        case connection::ViewerState::draining:
        case connection::ViewerState::aborting:
        case connection::ViewerState::closing:
            return;
        }
    });
}

void Relay::end_viewers(Instant now) noexcept {
    connection::ViewerContext viewer_context = context();
    viewers_.for_each(
        [&](connection::ViewerId, connection::Viewer& viewer) { viewer.abort(viewer_context); });
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
