#include "source/found_frame.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "http/multipart.hpp"

namespace ringcast::source {

std::size_t discard_front(jpeg::FrameScanner& scanner, ConstByteSpan bytes, std::size_t count,
                          ByteSpan target) noexcept {
    const ConstByteSpan rest = bytes.subspan(count);
    if (!rest.empty()) {
        std::memmove(target.data(), rest.data(), rest.size());
    }
    scanner.discard(count);
    return rest.size();
}

jpeg::RepairedFrame repair_found_frame(ByteSpan memory, std::size_t payload_offset,
                                       const jpeg::ScanResult& found) noexcept {
    const auto repaired = jpeg::repair_header(memory, payload_offset + found.offset, found,
                                              http::part_header_bytes_max);
    // In front of the payload is a page, which has room for the part header and the tables.
    RINGCAST_ASSERT(repaired.has_value());
    return *repaired;
}

} // namespace ringcast::source
