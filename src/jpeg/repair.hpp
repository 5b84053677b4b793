#pragma once
// Rewrites the header of a camera's frame in place so that every viewer can show it, without moving
// the picture data:
//
//   - Missing Huffman tables, as in frames of many USB cameras, are inserted: the few bytes in
//     front of them move towards the front, into the headroom. WebKit shows nothing without them.
//   - Application and comment segments that contain the bytes of an SOI or EOI, as a thumbnail
//     does, are removed: the few bytes in front of them move towards the back. Viewers that split
//     the stream at these bytes would split inside the thumbnail. The Exif orientation is kept.
//   - Bytes after EOI, such as a camera's padding, are not part of the frame.
//
// A frame that needs no repair is not written to. The picture is not decoded, and the pixels that
// it decodes to do not change. Allocates nothing; knows neither slots nor cameras.

#include <cstddef>
#include <cstdint>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::jpeg {

struct RepairedFrame {
    std::size_t offset = 0; ///< of its SOI in the memory
    std::size_t bytes = 0;  ///< SOI to EOI
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    bool changed = false; ///< true exactly when bytes were written

    friend bool operator==(const RepairedFrame&, const RepairedFrame&) noexcept = default;
};

/// The most that repair adds in front of a frame: a DHT segment with the four tables of T.81,
/// annex K.
inline constexpr std::size_t huffman_tables_bytes = 420;

/// `memory[begin, begin + bytes)` contains a camera's frame and padding. Examines each byte of the
/// frame once. Fails, without writing, when the frame is damaged, its picture larger than
/// `picture_max`, or when the repaired one would begin at an offset below `headroom_needed`.
[[nodiscard]] tl::expected<RepairedFrame, Fault>
repair_frame(ByteSpan memory, std::size_t begin, std::size_t bytes, std::size_t headroom_needed,
             PictureLimit picture_max = {}) noexcept;

/// The same for a frame that a FrameScanner has found, with its SOI at `begin`. Examines the header
/// only.
[[nodiscard]] tl::expected<RepairedFrame, Fault>
repair_header(ByteSpan memory, std::size_t begin, const ScanResult& found,
              std::size_t headroom_needed) noexcept;

} // namespace ringcast::jpeg
