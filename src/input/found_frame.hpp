#pragma once
// What every byte stream does to a frame that it has found in a slot before viewers see it.

#include <cstddef>

#include "base/bytes.hpp"
#include "jpeg/repair.hpp"

namespace ringcast::input {

/// Lays in Huffman tables that are missing and takes out thumbnails, in the frame's header: what
/// the scanner has walked through is not looked at again. `found` is in the payload, which begins
/// at `payload_offset` of the slot's `memory`. A good frame stays as it is, byte for byte.
[[nodiscard]] jpeg::RepairedFrame repair_found_frame(ByteSpan memory, std::size_t payload_offset,
                                                     const jpeg::ScanResult& found) noexcept;

} // namespace ringcast::input
