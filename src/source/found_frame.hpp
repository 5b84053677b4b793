#pragma once
// Steps that every reader of a byte stream shares, from bytes in a slot to a frame that viewers can
// be sent.

#include <cstddef>
#include <optional>

#include "base/bytes.hpp"
#include "jpeg/frame_scanner.hpp"
#include "jpeg/repair.hpp"

namespace ringcast::source {

/// The next whole frame in `bytes`; nothing when it takes more bytes. Calls `damaged(jpeg::Fault)`
/// and `oversized(std::size_t bytes)` for the faulty frames before it.
template <typename Damaged, typename Oversized>
[[nodiscard]] std::optional<jpeg::ScanResult> next_frame(jpeg::FrameScanner& scanner,
                                                         ConstByteSpan bytes, Damaged damaged,
                                                         Oversized oversized) noexcept {
    // Bounded: each turn but the last consumes bytes.
    for (;;) {
        const jpeg::ScanResult found = scanner.scan(bytes);
        switch (found.outcome) {
        case jpeg::ScanOutcome::need_more:
            return std::nullopt;
        case jpeg::ScanOutcome::frame:
            return found;
        case jpeg::ScanOutcome::damaged:
            damaged(found.fault());
            break;
        case jpeg::ScanOutcome::oversized:
            oversized(found.bytes);
            break;
        }
    }
}

/// Moves the bytes behind the first `count` of `bytes` to the beginning of `target`, which may be
/// the same memory, and tells the scanner. Returns how many bytes are left.
std::size_t discard_front(jpeg::FrameScanner& scanner, ConstByteSpan bytes, std::size_t count,
                          ByteSpan target) noexcept;

/// Inserts missing Huffman tables and removes thumbnails, in the header of the frame; nothing
/// behind the header is looked at again. `found` is in the payload, which begins at
/// `payload_offset` of the slot's `memory`. A good frame stays as it is, byte for byte.
[[nodiscard]] jpeg::RepairedFrame repair_found_frame(ByteSpan memory, std::size_t payload_offset,
                                                     const jpeg::ScanResult& found) noexcept;

} // namespace ringcast::source
