#pragma once
// Finds complete JPEG frames in a byte stream that is read into a contiguous region, and reports
// damaged and oversized frames. Bytes between frames are skipped and counted. Copies and allocates
// nothing; knows neither where the bytes come from nor where the frames go.
//
// Usage by a byte stream:
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
//   // Discardable bytes may be dropped whenever space is needed. At most frame_bytes_max bytes
//   // remain, so a region of frame_bytes_max plus the size of one read never runs full.
//   move [scanner.discardable(), filled) to the front; scanner.discard(the same count);

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::jpeg {

enum class ScanOutcome : std::uint8_t {
    need_more, ///< the region contains no further end of a frame
    frame,     ///< a whole frame, SOI to EOI
    damaged,   ///< a frame that is invalid; scanning continues where the next may begin
    oversized, ///< the end of a frame that is larger than frame_bytes_max
};

enum class Damage : std::uint8_t {
    none,
    next_frame_began,  ///< an SOI before the EOI: the frame is truncated
    marker_missing,    ///< other bytes where a marker is required
    marker_wrong,      ///< a marker that is not allowed at this place
    segment_malformed, ///< an invalid segment length
    size_missing,      ///< a scan without a frame header before it
    size_zero,         ///< width or height is zero
    scan_missing,      ///< EOI without any picture data
    beginning_missing, ///< no SOI followed by a marker at the frame's beginning
    end_missing,       ///< no EOI within the frame's bytes
    no_room,           ///< the headroom is too small for the bytes that repair has to add
    picture_too_large, ///< more pixels than PictureLimit allows
};

/// The reason, for messages such as "the frame is damaged: ...".
[[nodiscard]] std::string_view describe(Damage damage) noexcept;

/// What is wrong with a frame.
struct Fault {
    constexpr Fault() noexcept = default;
    constexpr Fault(Damage kind, std::uint16_t picture_width = 0,
                    std::uint16_t picture_height = 0) noexcept
        : damage(kind), width(picture_width), height(picture_height) {}
    friend constexpr bool operator==(Fault, Fault) noexcept = default;

    Damage damage = Damage::none;
    std::uint16_t width = 0;  ///< picture_too_large: pixels
    std::uint16_t height = 0; ///< picture_too_large: pixels
};

/// The largest picture that is accepted. A decoder allocates memory for the size that the header
/// claims, whatever follows it: nine kilobytes that claim 65500x65500 take gigabytes of each viewer.
struct PictureLimit {
    std::uint16_t width = UINT16_MAX;
    std::uint16_t height = UINT16_MAX;
    /// Whatever the sides: 300 to 400 MB once decoded, more than browsers of small devices survive.
    static constexpr std::uint32_t pixels_max = 100'000'000;

    [[nodiscard]] constexpr bool allows(std::uint16_t picture_width,
                                        std::uint16_t picture_height) const noexcept {
        return picture_width <= width && picture_height <= height &&
               std::uint32_t{picture_width} * picture_height <= pixels_max;
    }
};

struct ScanResult {
    ScanOutcome outcome = ScanOutcome::need_more;
    Damage damage = Damage::none;
    std::size_t offset = 0;   ///< frame: offset of its SOI in the region
    std::size_t bytes = 0;    ///< frame, oversized: SOI to EOI; damaged: SOI to the damage
    std::uint16_t width = 0;  ///< frame, oversized, picture_too_large: pixels
    std::uint16_t height = 0; ///< frame, oversized, picture_too_large: pixels

    /// frame: the offset right after its EOI.
    [[nodiscard]] std::size_t end() const noexcept { return offset + bytes; }
    [[nodiscard]] Fault fault() const noexcept { return {damage, width, height}; }
};

class FrameScanner {
public:
    explicit FrameScanner(std::size_t frame_bytes_max, PictureLimit picture_max = {}) noexcept
        : frame_bytes_max_(frame_bytes_max), picture_max_(picture_max) {}

    /// `region` contains all bytes of the stream that were read and not discarded. Bytes are
    /// examined once, except a few at the end of the region. Call again until the outcome is
    /// need_more.
    [[nodiscard]] ScanResult scan(ConstByteSpan region) noexcept;

    /// The number of bytes at the region's beginning that are not needed any more. After need_more,
    /// at most frame_bytes_max bytes follow them: the bytes of an oversized frame are discardable.
    [[nodiscard]] std::size_t discardable() const noexcept;
    /// Drops `bytes`, at most `discardable()`, from the beginning of the region.
    void discard(std::size_t bytes) noexcept;
    /// Starts over: the next region is the beginning of a new stream.
    void reset() noexcept { *this = FrameScanner(frame_bytes_max_, picture_max_); }

    /// True exactly when the beginning of a frame has been seen and its end has not.
    [[nodiscard]] bool in_frame() const noexcept { return state_ != State::searching; }
    /// Bytes received so far of the current frame; exceeds frame_bytes_max if it is oversized.
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept;
    /// Bytes outside frames since the last reset.
    [[nodiscard]] std::uint64_t bytes_skipped() const noexcept { return bytes_skipped_; }

private:
    enum class State : std::uint8_t {
        searching, ///< between frames; looks for the next SOI from position_ on
        markers,   ///< in a frame; position_ is at a marker, or the frame is damaged
        entropy,   ///< in a frame, in entropy-coded picture data
    };
    enum class Step : std::uint8_t { go_on, need_more, finished };

    [[nodiscard]] Step search(ConstByteSpan rest) noexcept;
    [[nodiscard]] Step read_marker(ConstByteSpan rest, ScanResult& result) noexcept;
    [[nodiscard]] Step read_segment(ConstByteSpan rest, ScanResult& result) noexcept;
    [[nodiscard]] Step read_entropy(ConstByteSpan rest) noexcept;
    [[nodiscard]] Step end_frame(ScanResult& result) noexcept;
    [[nodiscard]] Step give_up(Damage damage, ScanResult& result) noexcept;

    std::size_t frame_bytes_max_;
    PictureLimit picture_max_;
    State state_ = State::searching;
    bool too_large_ = false; ///< the current frame is larger than frame_bytes_max_
    bool scan_seen_ = false;
    std::uint16_t width_ = 0; ///< 0 until the frame header has been read
    std::uint16_t height_ = 0;
    // Offsets from the beginning of the stream, so that discarding does not change them.
    std::uint64_t region_begin_ = 0;
    std::uint64_t region_end_ = 0;
    std::uint64_t frame_begin_ = 0;
    std::uint64_t position_ = 0; ///< the next byte to examine; may be beyond region_end_
    std::uint64_t bytes_skipped_ = 0;
};

/// Scans bytes that begin with a whole frame; padding may follow it. The outcome is frame, at
/// offset 0, or damaged.
[[nodiscard]] ScanResult scan_whole_frame(ConstByteSpan bytes,
                                          PictureLimit picture_max = {}) noexcept;

} // namespace ringcast::jpeg
