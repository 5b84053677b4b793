#pragma once
// Detects frames that are out of order and counts those that were dropped, from the sequence
// numbers and times that the driver assigns. No I/O, no clock.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

class FrameOrder {
public:
    /// A camera with this many buffers, at most 64, has been opened. Its driver may restart the
    /// numbers, but not the time.
    void begin(std::size_t buffers) noexcept;
    /// False if a later frame has overtaken this one. Numbers wrap.
    [[nodiscard]] bool in_order(std::uint32_t sequence, Instant captured_at) noexcept;

    /// Number of frames that were overtaken.
    [[nodiscard]] std::uint64_t overtaken() const noexcept { return overtaken_; }
    /// Missing sequence numbers: frames that the driver dropped.
    [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }

private:
    void count_gaps(std::uint32_t sequence) noexcept;

    std::size_t buffers_ = 0;
    bool counting_ = false;           ///< a frame has arrived since `begin`
    std::uint32_t newest_ = 0;        ///< the highest number so far
    std::uint64_t seen_ = 0;          ///< bit i: frame `newest_ - i` has arrived
    Instant newest_captured_at_{};    ///< among the frames in order
    std::uint32_t late_in_a_row_ = 0; ///< consecutive frames that were overtaken
    std::uint64_t overtaken_ = 0;
    std::uint64_t gaps_ = 0;
};

} // namespace ringcast::camera
