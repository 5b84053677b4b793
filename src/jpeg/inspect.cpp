#include "jpeg/inspect.hpp"

#include <fmt/core.h>

#include "jpeg/frame_scanner.hpp"
#include "jpeg/header_walk.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

/// Reads the segments up to the first scan. The scanner has found `jpeg` to be whole.
ImageInfo read_header(ConstByteSpan jpeg) noexcept {
    ImageInfo info;
    info.bytes = jpeg.size();
    HeaderWalk walk(jpeg);
    Segment segment = walk.next();
    for (; segment.code != marker::sos; segment = walk.next()) {
        if (segment.code == marker::dht) {
            info.has_huffman_tables = true;
        }
        if (is_frame_header(segment.code)) {
            info.height = word_at(jpeg, segment.marker + 5);
            info.width = word_at(jpeg, segment.marker + 7);
            info.components = byte_at(jpeg, segment.marker + 9);
            info.progressive = segment.code == marker::sof2;
        }
    }
    info.scan_offset = segment.marker;
    return info;
}

} // namespace

Result<ImageInfo> inspect(ConstByteSpan file) {
    const ScanResult found = scan_whole_frame(file);
    if (found.damage == Damage::beginning_missing) {
        return fail("not a JPEG: it does not begin with FF D8 FF");
    }
    if (found.damage == Damage::end_missing) {
        return fail(fmt::format("the JPEG is truncated: no EOI within its {} bytes", file.size()));
    }
    if (found.damage != Damage::none) {
        return fail(
            fmt::format("the JPEG is damaged at byte {}: {}", found.bytes, describe(found.damage)));
    }
    return read_header(file.first(found.bytes));
}

} // namespace ringcast::jpeg
