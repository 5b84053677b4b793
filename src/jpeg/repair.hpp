#pragma once
// Makes a camera's frame one that every viewer shows, in place and without moving its picture data:
//
//   - Huffman tables that are missing, as from many USB cameras, are laid in: the few bytes in
//   front
//     of them move towards the front, into the headroom. WebKit shows nothing without them.
//   - Application and comment segments that hold the bytes of an SOI or an EOI, as a thumbnail
//   does,
//     are taken out: the few bytes in front of them move towards the back. Viewers that cut frames
//     out of the stream by these bytes would cut in the thumbnail. Of Exif the orientation stays.
//   - What lies behind EOI, as a camera's padding, is not part of the frame.
//
// Not one byte is written for a frame that needs none of it. The picture is never decoded, and what
// decodes is the same before and after. Pure: nothing is allocated, and it knows neither slots nor
// cameras.

#include <cstddef>
#include <cstdint>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::jpeg {

struct RepairedFrame {
    std::size_t offset = 0; ///< where its SOI is in the memory
    std::size_t bytes = 0;  ///< SOI to EOI
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    bool changed = false; ///< true exactly when bytes were written

    friend bool operator==(const RepairedFrame&, const RepairedFrame&) noexcept = default;
};

/// What repair may add in front of a frame, bytes: DHT with the four tables of T.81, annex K.
inline constexpr std::size_t huffman_tables_bytes = 420;

/// `memory[begin, begin + bytes)` is what a camera gave: a frame, and padding behind it. Looks at
/// each byte of the frame once. The frame never begins below `headroom_needed` afterwards; where it
/// would, or where the frame is damaged, nothing has been written and the reason is returned.
[[nodiscard]] tl::expected<RepairedFrame, Damage>
repair_frame(ByteSpan memory, std::size_t begin, std::size_t bytes,
             std::size_t headroom_needed) noexcept;

/// The same for a frame that a FrameScanner has found: `begin` is where in the memory. Looks at its
/// header only.
[[nodiscard]] tl::expected<RepairedFrame, Damage>
repair_header(ByteSpan memory, std::size_t begin, const ScanResult& found,
              std::size_t headroom_needed) noexcept;

} // namespace ringcast::jpeg
