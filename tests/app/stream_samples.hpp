#pragma once
// Records of streams, made up for tests.

#include <chrono>

#include "app/stream_recorder.hpp"

namespace ringcast::app {

/// The monotonic time and the time of day at which a sample begins.
inline constexpr Instant sample_begin{std::chrono::seconds(100)};
inline constexpr WallTime sample_begin_wall{std::chrono::seconds(1'700'000'000)};

/// `count` frames of 72 KB, the first captured at `sample_begin`, then one every `period`; each
/// arrives `delay` later.
inline StreamRecord frames_of(std::size_t count, Duration period, Duration delay) {
    StreamRecord record;
    for (std::size_t i = 0; i < count; ++i) {
        const Duration since = period * static_cast<Duration::rep>(i);
        record.frames.push_back({sample_begin_wall + since, sample_begin + since + delay});
    }
    record.bytes = count * 72'000;
    return record;
}

/// The same frames, held back until `together` of them have arrived.
inline StreamRecord held_back(StreamRecord record, std::size_t together) {
    for (std::size_t i = 0; i < record.frames.size(); ++i) {
        const std::size_t last = std::min((i / together + 1) * together, record.frames.size()) - 1;
        record.frames[i].arrived = record.frames[last].arrived;
    }
    return record;
}

} // namespace ringcast::app
