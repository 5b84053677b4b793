#pragma once
// Decides when a stream of bytes has gone without a usable frame for too long, and why. No I/O, no
// clock. Does not know where the bytes come from.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace ringcast::source {

class SignalTrouble {
public:
    /// Reasons, in order of severity.
    enum class Kind : std::uint8_t { none, silent, not_jpeg, damaged, oversized };

    /// Time with only oversized frames before the signal counts as lost.
    static constexpr Duration oversized_time_max = std::chrono::seconds(2);
    /// Time without a good frame before the signal counts as lost: from the beginning, when nothing
    /// has arrived yet (a camera needs up to two seconds to start), and later, when what arrives is
    /// no frame. Silence after a good frame is judged by the stream, which knows the usual rate.
    static constexpr Duration silence_time_max = std::chrono::seconds(5);
    /// After a good frame, this many bad ones in a row, or this many bytes that are not JPEG, mean
    /// that no good one is to be expected. A single frame may be damaged, and the headers of a part
    /// are not JPEG either.
    static constexpr std::uint32_t bad_frames_min = 3;
    static constexpr std::uint64_t junk_bytes_min = 8192;

    /// Restarts: no good frame has arrived yet.
    void begin(Instant now) noexcept;
    void on_good_frame(Instant now) noexcept;
    void on_damaged_frame() noexcept;
    void on_oversized_frame(std::size_t bytes) noexcept;
    void on_skipped_bytes(std::uint64_t bytes) noexcept;

    /// True exactly when a good frame has arrived since `begin`.
    [[nodiscard]] bool had_good_frame() const noexcept { return had_good_frame_; }
    /// The worst trouble since the last good frame.
    [[nodiscard]] Kind worst() const noexcept { return worst_; }
    /// Size of the last frame that did not fit.
    [[nodiscard]] std::size_t oversized_bytes() const noexcept { return oversized_bytes_; }

    /// The trouble to report now; nothing when there is none, or none worse than reported since the
    /// last good frame.
    [[nodiscard]] std::optional<Kind> take_report(Instant now) noexcept;
    /// When silence from the beginning on is to be reported; `never` when bytes have arrived that
    /// will be judged as they arrive.
    [[nodiscard]] Instant deadline() const noexcept;

private:
    [[nodiscard]] Instant due() const noexcept;
    [[nodiscard]] bool certain() const noexcept;
    void note(Kind kind) noexcept;

    bool had_good_frame_ = false;
    Instant last_good_{}; ///< of the last good frame, or of `begin`
    // Since last_good_:
    std::uint32_t bad_frames_ = 0;
    std::uint64_t junk_bytes_ = 0;
    Kind worst_ = Kind::none;
    Kind reported_ = Kind::none;
    std::size_t oversized_bytes_ = 0;
};

} // namespace ringcast::source
