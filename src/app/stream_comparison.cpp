#include "app/stream_comparison.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <span>

namespace ringcast::app {

namespace {

std::span<const ReceivedFrame> without_first(const StreamRecord& record) noexcept {
    return std::span(record.frames).subspan(std::min<std::size_t>(1, record.frames.size()));
}

/// The frames after the first one, each with the one before: calls `use(before, frame)` if both
/// have a time of capture.
template <typename Use>
void for_each_step(const StreamRecord& record, Use use) {
    const std::span<const ReceivedFrame> frames = without_first(record);
    for (std::size_t i = 1; i < frames.size(); ++i) {
        if (frames[i - 1].captured && frames[i].captured) {
            use(frames[i - 1], frames[i]);
        }
    }
}

} // namespace

std::vector<Duration> delays(const StreamRecord& record, const StreamRecord& reference,
                             Instant from) {
    std::map<WallTime, Instant> arrivals;
    for (const ReceivedFrame& frame : without_first(reference)) {
        if (frame.captured) {
            arrivals.emplace(*frame.captured, frame.arrived);
        }
    }
    std::vector<Duration> found;
    for (const ReceivedFrame& frame : without_first(record)) {
        const auto arrival = frame.captured && frame.arrived >= from
                                 ? arrivals.find(*frame.captured)
                                 : arrivals.end();
        if (arrival != arrivals.end()) {
            found.push_back(frame.arrived - arrival->second);
        }
    }
    return found;
}

double share_received(const StreamRecord& record, const StreamRecord& reference) {
    std::set<WallTime> received;
    for (const ReceivedFrame& frame : without_first(record)) {
        if (frame.captured) {
            received.insert(*frame.captured);
        }
    }
    std::size_t sent = 0;
    std::size_t arrived = 0;
    for (const ReceivedFrame& frame : reference.frames) {
        if (frame.captured && !received.empty() && *frame.captured >= *received.begin() &&
            *frame.captured <= *received.rbegin()) {
            ++sent;
            arrived += received.contains(*frame.captured) ? 1U : 0U;
        }
    }
    return sent == 0 ? 1 : static_cast<double>(arrived) / static_cast<double>(sent);
}

std::optional<Duration> median(std::vector<Duration> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::optional<Duration> frame_period(const StreamRecord& record) {
    std::vector<Duration> periods;
    for_each_step(record, [&](const ReceivedFrame& before, const ReceivedFrame& frame) {
        periods.push_back(*frame.captured - *before.captured);
    });
    return median(std::move(periods));
}

std::uint64_t byte_rate(const StreamRecord& record) noexcept {
    if (record.frames.size() < 2) {
        return 0;
    }
    const std::chrono::duration<double> time =
        record.frames.back().arrived - record.frames.front().arrived;
    return time.count() > 0
               ? static_cast<std::uint64_t>(static_cast<double>(record.bytes) / time.count())
               : 0;
}

double share_at_once(const StreamRecord& record) {
    std::size_t steps = 0;
    std::size_t at_once = 0;
    for_each_step(record, [&](const ReceivedFrame& before, const ReceivedFrame& frame) {
        constexpr int share = 5;
        ++steps;
        const Duration captured = *frame.captured - *before.captured;
        at_once += frame.arrived - before.arrived < captured / share ? 1U : 0U;
    });
    return steps == 0 ? 0 : static_cast<double>(at_once) / static_cast<double>(steps);
}

std::size_t repeated_frames(const StreamRecord& record) {
    std::size_t repeated = 0;
    for (std::size_t i = 1; i < record.frames.size(); ++i) {
        const auto& captured = record.frames[i].captured;
        repeated += captured && captured <= record.frames[i - 1].captured ? 1U : 0U;
    }
    return repeated;
}

std::optional<Duration> age_of_first_frame(const StreamRecord& record,
                                           const StreamRecord& reference, Instant at) {
    const ReceivedFrame* newest = nullptr;
    for (const ReceivedFrame& frame : reference.frames) {
        newest = frame.arrived <= at ? &frame : newest;
    }
    if (record.frames.empty() || !record.frames.front().captured || newest == nullptr ||
        !newest->captured) {
        return std::nullopt;
    }
    return *newest->captured - *record.frames.front().captured;
}

} // namespace ringcast::app
