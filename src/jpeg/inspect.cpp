#include "ringcast/jpeg/inspect.hpp"

#include <fmt/core.h>

#include "ringcast/base/assert.hpp"
#include "ringcast/jpeg/frame_scanner.hpp"
#include "ringcast/jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

/// Reads the segments up to the first scan of a JPEG that the scanner has found whole.
ImageInfo read_header(ConstByteSpan jpeg) noexcept {
    ImageInfo info;
    info.bytes = jpeg.size();
    std::size_t at = 2;
    for (;;) {
        RINGCAST_ASSERT(at + 4 <= jpeg.size()); // The scanner has walked here before.
        const std::uint8_t code = byte_at(jpeg, at + 1);
        if (code == marker_prefix) {
            ++at;
            continue;
        }
        if (code == marker::sos) {
            info.scan_offset = at;
            return info;
        }
        if (code == marker::dht) {
            info.has_huffman_tables = true;
        }
        if (is_frame_header(code)) {
            info.height = word_at(jpeg, at + 5);
            info.width = word_at(jpeg, at + 7);
            info.components = byte_at(jpeg, at + 9);
            info.progressive = code == marker::sof2;
        }
        at += 2U + word_at(jpeg, at + 2);
    }
}

} // namespace

Result<ImageInfo> inspect(ConstByteSpan file) {
    if (file.size() < 3 || byte_at(file, 0) != marker_prefix || byte_at(file, 1) != marker::soi ||
        byte_at(file, 2) != marker_prefix) {
        return fail("it is no JPEG: it does not begin with FF D8 FF");
    }
    FrameScanner scanner(file.size());
    const ScanResult found = scanner.scan(file);
    switch (found.outcome) {
    case ScanOutcome::frame:
        break;
    case ScanOutcome::damaged:
        return fail(
            fmt::format("it is damaged at byte {}: {}", found.bytes, describe(found.damage)));
    case ScanOutcome::need_more:
    case ScanOutcome::oversized: // Can't be: no frame is larger than the file.
        return fail(fmt::format("it is truncated: no end within its {} bytes", file.size()));
    }
    RINGCAST_ASSERT(found.offset == 0);
    return read_header(file.first(found.bytes));
}

} // namespace ringcast::jpeg
