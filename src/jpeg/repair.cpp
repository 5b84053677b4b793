#include "jpeg/repair.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "jpeg/exif.hpp"
#include "jpeg/header_walk.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

// The tables of T.81, annex K, which Motion JPEG decoders assume when a frame has none.
constexpr std::array<std::uint8_t, huffman_tables_bytes> huffman_tables = {
    // clang-format off
    0xFF, 0xC4, 0x01, 0xA2, // DHT, length
    // Table K.3: luminance, DC: class and number, how many codes of each length, their values.
    0x00, //
    0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
    // Table K.5: luminance, AC: class and number, how many codes of each length, their values.
    0x10, //
    0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00, 0x01, 0x7D, //
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
    0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0,
    0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
    0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
    0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5,
    0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
    0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
    0xF9, 0xFA,
    // Table K.4: chrominance, DC: class and number, how many codes of each length, their values.
    0x01, //
    0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
    // Table K.6: chrominance, AC: class and number, how many codes of each length, their values.
    0x11, //
    0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01, 0x02, 0x77, //
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71,
    0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0,
    0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26,
    0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
    0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5,
    0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
    0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
    0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
    0xF9, 0xFA,
    // clang-format on
};

/// True when `bytes` contain an SOI or EOI to a parser that ignores segment lengths.
bool contains_soi_or_eoi(ConstByteSpan bytes) noexcept {
    std::size_t at = find_prefix(bytes, 0);
    while (at + 1 < bytes.size()) {
        const std::uint8_t code = byte_at(bytes, at + 1);
        if (code == marker::soi || code == marker::eoi) {
            return true;
        }
        at = find_prefix(bytes, at + 1);
    }
    return false;
}

/// True for comment and application segments except APP0 (JFIF, AVI1) and APP14 (Adobe), which
/// decoders need for the colour space.
bool is_dispensable(std::uint8_t code) noexcept {
    return code == marker::com ||
           (code > marker::app0 && code <= marker::app15 && code != marker::app14);
}

/// How to rewrite a header. It is rewritten up to its last change; the rest stays where it is.
struct HeaderPlan {
    std::size_t rest = soi_bytes;        ///< offset of the first byte that stays in place
    std::size_t kept_bytes = soi_bytes;  ///< bytes kept of those in front of `rest`
    std::size_t front_bytes = soi_bytes; ///< of these, bytes in front of inserted tables
    bool removes_segments = false;
    bool lacks_tables = false;

    [[nodiscard]] std::size_t added_bytes() const noexcept {
        return lacks_tables ? huffman_tables.size() : 0;
    }
    [[nodiscard]] bool changes() const noexcept { return removes_segments || lacks_tables; }
};

ConstByteSpan content_of(ConstByteSpan jpeg, const Segment& segment) noexcept {
    return jpeg.first(segment.end).subspan(segment.marker + 4);
}

enum class Treatment : std::uint8_t {
    keep,
    remove,
    shorten, ///< replaced by a segment with the Exif orientation only, which viewers honour
};

Treatment treatment_of(ConstByteSpan jpeg, const Segment& segment) noexcept {
    // The search includes the length field: a viewer that searches for SOI and EOI does not know
    // that these two bytes are a length.
    if (!is_dispensable(segment.code) ||
        !contains_soi_or_eoi(jpeg.first(segment.end).subspan(segment.marker + 2))) {
        return Treatment::keep;
    }
    const bool turned = segment.code == marker::app1 &&
                        segment.bytes() >= orientation_segment_bytes &&
                        read_orientation(content_of(jpeg, segment)) != upright;
    return turned ? Treatment::shorten : Treatment::remove;
}

HeaderPlan plan_header(ConstByteSpan jpeg) noexcept {
    HeaderPlan plan;
    std::size_t kept_bytes = soi_bytes;
    std::size_t front_end = soi_bytes;
    bool in_front = true; // JFIF requires APP0 right after SOI, so tables are inserted after it
    bool sequential = false;
    bool has_tables = false;
    HeaderWalk walk(jpeg);
    for (Segment segment = walk.next(); segment.code != marker::sos; segment = walk.next()) {
        if (const Treatment treatment = treatment_of(jpeg, segment); treatment != Treatment::keep) {
            if (treatment == Treatment::shorten) {
                kept_bytes += orientation_segment_bytes;
                in_front = false;
            }
            plan.removes_segments = true;
            plan.rest = segment.end;
            plan.kept_bytes = kept_bytes;
            continue;
        }
        kept_bytes += segment.bytes();
        in_front = in_front && segment.code == marker::app0;
        if (in_front) {
            front_end = segment.end;
            plan.front_bytes = kept_bytes;
        }
        has_tables = has_tables || segment.code == marker::dht;
        // The tables are for baseline and extended sequential frames; progressive frames need other
        // tables, and arithmetic coding needs none.
        sequential = sequential || segment.code == marker::sof0 || segment.code == marker::sof1;
    }
    plan.lacks_tables = sequential && !has_tables;
    if (plan.lacks_tables && front_end > plan.rest) {
        plan.rest = front_end;
        plan.kept_bytes = plan.front_bytes;
    }
    plan.front_bytes = std::min(plan.front_bytes, plan.kept_bytes);
    return plan;
}

/// Removes and shortens segments in front of `rest`: the kept bytes become contiguous, at the
/// frame's beginning.
void close_gaps(ByteSpan jpeg, std::size_t rest) noexcept {
    std::size_t filled = soi_bytes;
    HeaderWalk walk(jpeg);
    for (std::size_t position = soi_bytes; position < rest;) {
        const Segment segment = walk.next();
        position = segment.end;
        switch (treatment_of(jpeg, segment)) {
        case Treatment::keep:
            std::memmove(&jpeg[filled], &jpeg[segment.begin], segment.bytes());
            filled += segment.bytes();
            break;
        case Treatment::remove:
            break;
        case Treatment::shorten: {
            const std::uint8_t orientation = read_orientation(content_of(jpeg, segment));
            write_orientation_segment(jpeg.subspan(filled), orientation);
            filled += orientation_segment_bytes;
            break;
        }
        }
    }
}

/// The frame begins at `begin` in `memory`. Its rewritten header ends at `begin + plan.rest`.
void rewrite(ByteSpan memory, std::size_t begin, const HeaderPlan& plan) noexcept {
    if (plan.removes_segments) {
        close_gaps(memory.subspan(begin), plan.rest);
    }
    // The bytes after the tables are moved first. They move towards the back (or not at all), so
    // they do not overwrite the bytes in front of the tables, which then move in either direction.
    const std::size_t middle_bytes = plan.kept_bytes - plan.front_bytes;
    std::size_t at = begin + plan.rest - middle_bytes;
    std::memmove(&memory[at], &memory[begin + plan.front_bytes], middle_bytes);
    at -= plan.added_bytes() + plan.front_bytes;
    std::memmove(&memory[at], &memory[begin], plan.front_bytes);
    std::memcpy(&memory[at + plan.front_bytes], huffman_tables.data(), plan.added_bytes());
}

} // namespace

tl::expected<RepairedFrame, Fault> repair_frame(ByteSpan memory, std::size_t begin,
                                                std::size_t bytes, std::size_t headroom_needed,
                                                PictureLimit picture_max) noexcept {
    const ScanResult found = scan_whole_frame(memory.subspan(begin, bytes), picture_max);
    if (found.outcome != ScanOutcome::frame) {
        return tl::unexpected(found.fault());
    }
    return repair_header(memory, begin, found, headroom_needed);
}

tl::expected<RepairedFrame, Fault> repair_header(ByteSpan memory, std::size_t begin,
                                                 const ScanResult& found,
                                                 std::size_t headroom_needed) noexcept {
    RINGCAST_ASSERT(found.outcome == ScanOutcome::frame);
    const HeaderPlan plan = plan_header(memory.subspan(begin, found.bytes));
    const std::size_t header_bytes = plan.kept_bytes + plan.added_bytes();
    if (begin + plan.rest < headroom_needed + header_bytes) {
        return tl::unexpected(Fault(Damage::no_room));
    }
    RepairedFrame frame;
    frame.offset = begin + plan.rest - header_bytes;
    frame.bytes = found.bytes + begin - frame.offset;
    frame.width = found.width;
    frame.height = found.height;
    frame.changed = plan.changes();
    if (frame.changed) {
        rewrite(memory, begin, plan);
    }
    return frame;
}

} // namespace ringcast::jpeg
