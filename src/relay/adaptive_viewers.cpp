#include "relay/adaptive_viewers.hpp"

#include <algorithm>
#include <chrono>

#include "rendition/choice.hpp"

namespace ringcast::relay {

namespace {

/// Time for the first picture of a rendition. After it the viewer is sent what there is.
constexpr Duration first_picture_wait = std::chrono::seconds(1);

double rate_of(Duration period) noexcept {
    return period > Duration::zero() ? 1.0 / std::chrono::duration<double>(period).count() : 0.0;
}

bool has_picture(const stream::Stream& stream, Instant now) noexcept {
    const frame::FrameLease& latest = stream.latest();
    return !stream.retiring() && latest.valid() && !latest.info().placeholder &&
           stream.signal().fresh(now);
}

/// The rendition that the next frame is to be of.
std::uint8_t wanted_level(const connection::Adaptation& policy, Instant now) noexcept {
    return static_cast<std::uint8_t>(policy.rendition() - (policy.probe_due(now) ? 1 : 0));
}

stream::Stream& original_of(stream::Stream& stream) noexcept {
    return stream.original() != nullptr ? *stream.original() : stream;
}

connection::RenditionCost cost_of(const stream::Stream& stream) noexcept {
    const stream::FrameStatistics& seen = stream.statistics();
    return {.pixels = std::uint64_t{seen.width} * seen.height,
            .bytes_per_frame = static_cast<std::uint64_t>(seen.bytes_smoothed),
            .frames_per_second = rate_of(stream.signal().period())};
}

} // namespace

std::uint8_t AdaptiveViewers::Ladder::level_of(const stream::Stream& stream) const noexcept {
    for (std::size_t level = 1; level < count; ++level) {
        if (specs[level]->name == stream.rendition()) {
            return static_cast<std::uint8_t>(level);
        }
    }
    return 0;
}

AdaptiveViewers::Ladder AdaptiveViewers::ladder_of(stream::Stream& stream,
                                                   const connection::Connection& viewer,
                                                   bool asks) const noexcept {
    Ladder ladder;
    ladder.original = &original_of(stream);
    const stream::Stream& original = *ladder.original;
    ladder.costs[0] = cost_of(original);
    ladder.count = 1;
    // A viewer that has just come back to the whole picture may still be in a rendition's stream.
    if (asks || stream.original() != nullptr) {
        for (const stream::RenditionSpec& spec : original.renditions()) {
            if (spec.target.eighths > 0 && ladder.count < Ladder::count_max) {
                ladder.specs[ladder.count++] = &spec;
            }
        }
        std::sort(ladder.specs.begin() + 1,
                  ladder.specs.begin() + static_cast<std::ptrdiff_t>(ladder.count),
                  [](const stream::RenditionSpec* a, const stream::RenditionSpec* b) {
                      return a->target.eighths > b->target.eighths;
                  });
    }
    const rendition::Size full{original.statistics().width, original.statistics().height};
    for (std::size_t level = 1; level < ladder.count; ++level) {
        const stream::RenditionSpec& spec = *ladder.specs[level];
        const rendition::Size size = rendition::size_of(spec.target, full);
        connection::RenditionCost& cost = ladder.costs[level];
        if (const stream::Stream* made = renditions_.running(original.id(), spec.name)) {
            cost = cost_of(*made);
        }
        cost.pixels = std::uint64_t{size.width} * size.height;
        cost.frames_per_second = cost.frames_per_second > 0.0 ? cost.frames_per_second
                                                              : ladder.costs[0].frames_per_second;
    }
    if (const Duration period_min = viewer.frames().pacing().period_min();
        period_min > Duration::zero()) {
        for (connection::RenditionCost& cost : ladder.costs) {
            cost.frames_per_second = std::min(cost.frames_per_second, rate_of(period_min));
        }
    }
    return ladder;
}

stream::Stream* AdaptiveViewers::live(const Ladder& ladder, std::uint8_t level) const noexcept {
    stream::Stream* stream =
        level == 0 ? ladder.original
                   : renditions_.running(ladder.original->id(), ladder.specs[level]->name);
    return stream != nullptr && has_picture(*stream, context_.engine.now()) ? stream : nullptr;
}

void AdaptiveViewers::want(const Ladder& ladder, std::uint8_t level) noexcept {
    if (level > 0) {
        renditions_.want(*ladder.original, *ladder.specs[level]);
    }
}

void AdaptiveViewers::move(connection::Connection& viewer, stream::Stream& to) noexcept {
    viewer.move_to_stream(context_, to.id());
    to.add_idle(viewer);
}

void AdaptiveViewers::send(connection::Connection& viewer, stream::Stream& from,
                           stream::Stream& watched) noexcept {
    if (&from != &watched) {
        viewer.move_to_stream(context_, from.id());
    }
    viewer.send_part(context_, from.latest(), from.eviction().slots_short());
}

void AdaptiveViewers::count_move(const stream::Stream& original, std::uint8_t before,
                                 const connection::Adaptation& now) noexcept {
    connection::SendCounters& counters = context_.sends_of(original.id()).counters;
    counters.moves_down += now.rendition() > before ? 1U : 0U;
    counters.moves_up += now.rendition() < before ? 1U : 0U;
}

/// Counted as if the viewer were still busy with the frames before, which are on their way.
AdaptiveViewers::Offered AdaptiveViewers::hold(const stream::Stream& stream,
                                               connection::Connection& viewer) noexcept {
    viewer.frames().pacing().note_idle_from(stream.frame_count());
    return Offered::held;
}

AdaptiveViewers::Offered AdaptiveViewers::offer(stream::Stream& stream,
                                                connection::Connection& viewer) noexcept {
    const Instant now = context_.engine.now();
    connection::Adaptation& policy = *viewer.frames().adaptation();
    const bool asks = policy.wants_progress(now);
    const Ladder ladder = ladder_of(stream, viewer, asks);
    if (stream.latest().info().placeholder) {
        // The rendition alone may have none, such as when its pictures can't be made.
        stream::Stream* const original = live(ladder, 0);
        if (original != nullptr && original != &stream) {
            move(viewer, *original);
            return Offered::moved;
        }
        send(viewer, stream, stream);
        return Offered::sent;
    }
    const std::uint8_t here = ladder.level_of(stream);
    const std::uint8_t before = policy.rendition();
    const std::uint8_t wanted = wanted_level(policy, now);
    const bool probes = wanted != before;
    if (probes) {
        want(ladder, before); // whose pictures come next
    }
    if (wanted != here && wanted < ladder.count) {
        if (stream::Stream* const next = live(ladder, wanted)) {
            move(viewer, *next);
            return Offered::moved;
        }
        want(ladder, wanted);
        if (!probes && now - policy.moved_at() < first_picture_wait) {
            return hold(stream, viewer);
        }
    }
    const io::SocketProgress progress =
        asks ? viewer.frames().sample_delivery(context_, viewer.endpoint()) : io::SocketProgress{};
    const connection::Adaptation::Choice choice = policy.choose(ladder.all(), progress, now);
    count_move(*ladder.original, before, policy);
    if (choice.hold) {
        return hold(stream, viewer);
    }
    stream::Stream* from = &stream;
    if (choice.rendition != here) {
        stream::Stream* const chosen = live(ladder, choice.rendition);
        if (chosen != nullptr && chosen->latest().sequence() > viewer.frames().last_sequence()) {
            from = chosen;
        }
    }
    send(viewer, *from, stream);
    return Offered::sent;
}

void AdaptiveViewers::on_sent(connection::Connection& viewer, stream::Stream& sent_by,
                              std::uint64_t bytes) noexcept {
    connection::Adaptation& policy = *viewer.frames().adaptation();
    if (!policy.sending()) {
        return; // a "no signal" picture
    }
    const Instant now = context_.engine.now();
    const bool asks = policy.wants_progress(now);
    const io::SocketProgress progress =
        asks ? viewer.frames().sample_delivery(context_, viewer.endpoint()) : io::SocketProgress{};
    const Ladder ladder = ladder_of(sent_by, viewer, asks);
    const std::uint8_t before = policy.rendition();
    const std::uint8_t sent = ladder.level_of(sent_by);
    policy.on_frame_sent(ladder.all(), sent, bytes, progress, now);
    count_move(*ladder.original, before, policy);
    const std::uint8_t wanted = wanted_level(policy, now);
    const bool elsewhere = wanted != sent && wanted < ladder.count;
    stream::Stream* const next = elsewhere ? live(ladder, wanted) : nullptr;
    if (next != nullptr && viewer.frames().options().stream == sent_by.id()) {
        viewer.move_to_stream(context_, next->id());
    }
}

} // namespace ringcast::relay
