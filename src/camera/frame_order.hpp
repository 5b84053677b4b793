#pragma once
// Whether a camera's frames come in order, and which never come: from the numbers and times that
// the driver gives them. Pure.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

class FrameOrder {
public:
    /// A camera with so many buffers was opened, at most 64: its driver may count anew. Time does
    /// not.
    void begin(std::size_t buffers) noexcept;
    /// False for a frame that a later one has overtaken. Numbers wrap.
    [[nodiscard]] bool comes_in_order(std::uint32_t sequence, Instant captured_at) noexcept;

    /// Frames that were overtaken.
    [[nodiscard]] std::uint64_t overtaken() const noexcept { return overtaken_; }
    /// Numbers that never came: frames that the driver dropped.
    [[nodiscard]] std::uint64_t gaps() const noexcept { return gaps_; }

private:
    void count_gaps(std::uint32_t sequence) noexcept;

    std::size_t buffers_ = 0;
    bool counting_ = false;           ///< there was a frame since `begin`
    std::uint32_t newest_ = 0;        ///< the highest number so far
    std::uint64_t seen_ = 0;          ///< bit i: the number `newest_ - i` has come
    Instant newest_captured_at_{};    ///< of the frames in order
    std::uint32_t late_in_a_row_ = 0; ///< frames that were overtaken
    std::uint64_t overtaken_ = 0;
    std::uint64_t gaps_ = 0;
};

} // namespace ringcast::camera
