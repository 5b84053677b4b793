#pragma once
// Compares the arrival of the same frames over two connections, recognised by their time of
// capture. No I/O, no clock.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/stream_recorder.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// By how much frames of `record` arrived later than in `reference`: those that are in both and
/// arrived from `from` on, in the order of their arrival. The first frame of each record is left
/// out, because it may be older than the connection.
[[nodiscard]] std::vector<Duration> delays(const StreamRecord& record,
                                           const StreamRecord& reference, Instant from);

/// The share, from 0 to 1, of the frames of `reference` that are in `record` too, from the first to
/// the last one of `record`. 1 if there is nothing to compare.
[[nodiscard]] double share_received(const StreamRecord& record, const StreamRecord& reference);

/// Nothing without values.
[[nodiscard]] std::optional<Duration> median(std::vector<Duration> values);

/// The median time between the captures of two frames; nothing for less than three frames.
[[nodiscard]] std::optional<Duration> frame_period(const StreamRecord& record);

/// Bytes per second between the first and the last frame; 0 for less than two frames.
[[nodiscard]] std::uint64_t byte_rate(const StreamRecord& record) noexcept;

/// The share, from 0 to 1, of frames that arrived at once with the frame before, although they were
/// captured later: within a fifth of that time. 0 for less than three frames.
[[nodiscard]] double share_at_once(const StreamRecord& record);

/// Frames that are not newer than the one before.
[[nodiscard]] std::size_t repeated_frames(const StreamRecord& record);

/// How much older the first frame of `record` is than the newest one of `reference` that had
/// arrived `at` that time: large if a cache answers. Nothing if a time is missing.
[[nodiscard]] std::optional<Duration> age_of_first_frame(const StreamRecord& record,
                                                         const StreamRecord& reference, Instant at);

} // namespace ringcast::app
