#include "input/found_frame.hpp"

#include "base/assert.hpp"
#include "http/multipart.hpp"

namespace ringcast::input {

jpeg::RepairedFrame repair_found_frame(ByteSpan memory, std::size_t payload_offset,
                                       const jpeg::ScanResult& found) noexcept {
    const auto repaired = jpeg::repair_header(memory, payload_offset + found.offset, found,
                                              http::part_header_bytes_max);
    // In front of the payload there is a page, which holds the part header and the tables.
    RINGCAST_ASSERT(repaired.has_value());
    return *repaired;
}

} // namespace ringcast::input
