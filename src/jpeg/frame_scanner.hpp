#pragma once
// Finds complete JPEG frames in a byte stream that is read into a contiguous region, and says what
// to do with damaged ones and with bytes that are no frame at all. Pure: knows neither where bytes
// come from nor where frames go; nothing is copied, nothing is allocated.
//
// How a byte stream uses it:
//
//   filled += bytes_read;
//   for (;;) {
//       const ScanResult found = scanner.scan(payload.first(filled));
//       switch (found.outcome) {
//       case frame:     publish {found.offset, found.bytes}; move [found.end(), filled) to the
//                       beginning of the next slot; scanner.discard(found.end());
//                       filled -= found.end(); continue;
//       case damaged:   count; continue;
//       case oversized: count, remember found.bytes; continue;
//       case need_more: break out;
//       }
//   }
//   // What is discardable may go whenever room is wanted; afterwards at most frame_bytes_max bytes
//   // are left, so a region of frame_bytes_max plus one read never runs full.
//   move [scanner.discardable(), filled) to the front; scanner.discard(the same count);

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::jpeg {

enum class ScanOutcome : std::uint8_t {
    need_more, ///< no frame ends in what is there
    frame,     ///< a whole frame, SOI to EOI
    damaged,   ///< what began like a frame is none; the scan goes on where the next may begin
    oversized, ///< the end of a frame that is larger than frame_bytes_max
};

enum class Damage : std::uint8_t {
    none,
    next_frame_began,  ///< an SOI before the EOI: the frame is truncated
    marker_missing,    ///< something else where a marker has to be
    marker_wrong,      ///< a marker that can't be there
    segment_malformed, ///< a length that can't be
    size_missing,      ///< a scan without a frame header before it
    size_zero,         ///< no width or no height
    scan_missing,      ///< EOI without any picture data
    beginning_missing, ///< no SOI and marker where the frame has to begin
    end_missing,       ///< no EOI in what is there
    no_room,           ///< what repair has to add does not fit into the headroom
};

/// Completes "the frame is damaged: ...".
[[nodiscard]] std::string_view describe(Damage damage) noexcept;

struct ScanResult {
    ScanOutcome outcome = ScanOutcome::need_more;
    Damage damage = Damage::none;
    std::size_t offset = 0;   ///< frame: where its SOI is in the region
    std::size_t bytes = 0;    ///< frame, oversized: SOI to EOI; damaged: as far as it went
    std::uint16_t width = 0;  ///< frame, oversized: pixels
    std::uint16_t height = 0; ///< frame, oversized: pixels

    /// frame: the offset just behind its EOI.
    [[nodiscard]] std::size_t end() const noexcept { return offset + bytes; }
};

class FrameScanner {
public:
    explicit FrameScanner(std::size_t frame_bytes_max) noexcept
        : frame_bytes_max_(frame_bytes_max) {}

    /// `region` begins where the last `discard` has put it and holds everything that was read
    /// since. No byte is looked at twice but a few around its end. Call again until it needs more.
    [[nodiscard]] ScanResult scan(ConstByteSpan region) noexcept;

    /// How many bytes at the region's beginning are of no more use. After need_more, what is behind
    /// them is at most frame_bytes_max long: of a frame that is too large only its state is kept.
    [[nodiscard]] std::size_t discardable() const noexcept;
    /// The next region begins `bytes` later than the last one: at most `discardable()`.
    void discard(std::size_t bytes) noexcept;
    /// A new stream begins with the next region.
    void reset() noexcept { *this = FrameScanner(frame_bytes_max_); }

    /// True exactly when a frame has begun and its end has not been seen.
    [[nodiscard]] bool in_frame() const noexcept { return state_ != State::hunting; }
    /// How much of the frame that has begun is there so far, bytes; more than frame_bytes_max for
    /// one that is too large.
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept;
    /// Bytes outside frames since the last reset.
    [[nodiscard]] std::uint64_t bytes_skipped() const noexcept { return bytes_skipped_; }

private:
    enum class State : std::uint8_t {
        hunting, ///< between frames; the next may begin at position_
        markers, ///< in a frame; at position_ is a marker, or the frame is damaged
        entropy, ///< in a frame, in picture data
    };
    enum class Step : std::uint8_t { go_on, need_more, finished };

    [[nodiscard]] Step hunt(ConstByteSpan rest) noexcept;
    [[nodiscard]] Step read_marker(ConstByteSpan rest, ScanResult& result) noexcept;
    [[nodiscard]] Step read_segment(ConstByteSpan rest, ScanResult& result) noexcept;
    [[nodiscard]] Step read_entropy(ConstByteSpan rest) noexcept;
    [[nodiscard]] Step end_frame(ScanResult& result) noexcept;
    [[nodiscard]] Step give_up(Damage damage, ScanResult& result) noexcept;

    std::size_t frame_bytes_max_;
    State state_ = State::hunting;
    bool too_large_ = false; ///< the frame that has begun is larger than frame_bytes_max_
    bool scan_seen_ = false;
    std::uint16_t width_ = 0; ///< 0 until the frame header
    std::uint16_t height_ = 0;
    // Counted in bytes from the beginning of the stream, so that nothing has to be adjusted when
    // the region moves on.
    std::uint64_t region_begin_ = 0;
    std::uint64_t region_end_ = 0;
    std::uint64_t frame_begin_ = 0;
    std::uint64_t position_ = 0; ///< what is next to be looked at; may be beyond region_end_
    std::uint64_t bytes_skipped_ = 0;
};

/// Scans bytes that begin with a frame and hold all of it; padding may follow. The outcome is
/// frame, at offset 0, or damaged.
[[nodiscard]] ScanResult scan_whole_frame(ConstByteSpan bytes) noexcept;

} // namespace ringcast::jpeg
