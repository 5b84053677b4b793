#include "jpeg/frame_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

constexpr std::size_t marker_bytes = 2;
constexpr std::size_t length_bytes = 2;

/// SOI alone is only two bytes, which occur by chance in other data, so the first byte of the next
/// marker is required too.
constexpr std::array frame_beginning = {marker_prefix, marker::soi, marker_prefix};

/// True when `bytes` match the beginning of a frame, as far as they go.
bool may_begin_frame(ConstByteSpan bytes) noexcept {
    const std::size_t count = std::min(bytes.size(), frame_beginning.size());
    return std::memcmp(bytes.data(), frame_beginning.data(), count) == 0;
}

} // namespace

std::string_view describe(Damage damage) noexcept {
    switch (damage) {
    case Damage::none:
        return "no damage";
    case Damage::next_frame_began:
        return "the next frame starts before this one ends";
    case Damage::marker_missing:
        return "a marker is missing between segments";
    case Damage::marker_wrong:
        return "a marker is not allowed where it occurs";
    case Damage::segment_malformed:
        return "a segment has an invalid length";
    case Damage::size_missing:
        return "picture data starts before a frame header with width and height";
    case Damage::size_zero:
        return "width or height is zero";
    case Damage::scan_missing:
        return "it contains no picture data";
    case Damage::beginning_missing:
        return "it does not begin with SOI (FF D8 FF)";
    case Damage::end_missing:
        return "its end (EOI) is missing";
    case Damage::no_room:
        return "not enough room in front of it for the missing Huffman tables";
    case Damage::picture_too_large:
        return "its picture is too large";
    }
    return "unknown";
}

ScanResult FrameScanner::scan(ConstByteSpan region) noexcept {
    RINGCAST_ASSERT(region_begin_ + region.size() >= region_end_);
    region_end_ = region_begin_ + region.size();
    ScanResult result;
    // Every step that returns go_on has advanced position_, so the loop terminates.
    while (position_ < region_end_) {
        const ConstByteSpan rest =
            region.subspan(static_cast<std::size_t>(position_ - region_begin_));
        Step step = Step::need_more;
        switch (state_) {
        case State::searching:
            step = search(rest);
            break;
        case State::markers:
            step = read_marker(rest, result);
            break;
        case State::entropy:
            step = read_entropy(rest);
            break;
        }
        if (step == Step::finished) {
            return result;
        }
        if (step == Step::need_more) {
            break;
        }
    }
    too_large_ = in_frame() && region_end_ - frame_begin_ > frame_bytes_max_;
    return result;
}

std::size_t FrameScanner::discardable() const noexcept {
    const std::uint64_t needed_from =
        in_frame() && !too_large_ ? frame_begin_ : std::min(position_, region_end_);
    return static_cast<std::size_t>(needed_from - region_begin_);
}

void FrameScanner::discard(std::size_t bytes) noexcept {
    RINGCAST_ASSERT(bytes <= discardable());
    region_begin_ += bytes;
}

std::uint64_t FrameScanner::pending_bytes() const noexcept {
    return in_frame() ? region_end_ - frame_begin_ : 0;
}

FrameScanner::Step FrameScanner::search(ConstByteSpan rest) noexcept {
    std::size_t at = find_prefix(rest, 0);
    while (at < rest.size() && !may_begin_frame(rest.subspan(at))) {
        at = find_prefix(rest, at + 1);
    }
    bytes_skipped_ += at;
    position_ += at;
    if (rest.size() - at < frame_beginning.size()) {
        return Step::need_more;
    }
    frame_begin_ = position_;
    position_ += marker_bytes;
    state_ = State::markers;
    scan_seen_ = false;
    width_ = 0;
    height_ = 0;
    return Step::go_on;
}

FrameScanner::Step FrameScanner::read_marker(ConstByteSpan rest, ScanResult& result) noexcept {
    if (byte_at(rest, 0) != marker_prefix) {
        return give_up(Damage::marker_missing, result);
    }
    if (rest.size() < marker_bytes) {
        return Step::need_more;
    }
    const std::uint8_t code = byte_at(rest, 1);
    if (code == marker_prefix) { // fill byte (T.81, B.1.1.2)
        ++position_;
        return Step::go_on;
    }
    if (code == marker::soi) {
        return give_up(Damage::next_frame_began, result);
    }
    if (code == marker::eoi) {
        if (!scan_seen_) {
            return give_up(Damage::scan_missing, result);
        }
        return end_frame(result);
    }
    return read_segment(rest, result);
}

FrameScanner::Step FrameScanner::read_segment(ConstByteSpan rest, ScanResult& result) noexcept {
    const std::uint8_t code = byte_at(rest, 1);
    const bool frame_header = is_frame_header(code);
    if (!frame_header && code != marker::sos && !is_other_segment(code)) {
        return give_up(Damage::marker_wrong, result);
    }
    if (rest.size() < marker_bytes + length_bytes) {
        return Step::need_more;
    }
    const std::size_t length = word_at(rest, marker_bytes);
    if (length < length_bytes) {
        return give_up(Damage::segment_malformed, result);
    }
    if (frame_header) {
        constexpr std::size_t fixed_bytes = 8; // length, precision, height, width, component count
        constexpr std::size_t component_bytes = 3;
        if (width_ != 0) {
            return give_up(Damage::marker_wrong, result);
        }
        if (rest.size() < marker_bytes + fixed_bytes) {
            return Step::need_more;
        }
        if (length != fixed_bytes + component_bytes * byte_at(rest, 9)) {
            return give_up(Damage::segment_malformed, result);
        }
        height_ = word_at(rest, 5);
        width_ = word_at(rest, 7);
        // T.81 allows a height of zero here and a DNL segment with the height later; no decoder
        // that viewers use supports that.
        if (width_ == 0 || height_ == 0) {
            return give_up(Damage::size_zero, result);
        }
    }
    if (code == marker::sos) {
        if (width_ == 0) {
            return give_up(Damage::size_missing, result);
        }
        scan_seen_ = true;
        state_ = State::entropy;
    }
    position_ += marker_bytes + length;
    return Step::go_on;
}

FrameScanner::Step FrameScanner::read_entropy(ConstByteSpan rest) noexcept {
    // Fast because of memchr: one call per 0xFF, and these are rare in picture data.
    std::size_t at = find_prefix(rest, 0);
    while (at + 1 < rest.size()) {
        const std::uint8_t code = byte_at(rest, at + 1);
        const bool fill_byte = code == marker_prefix; // restart markers may have fill bytes too
        if (code != marker::stuffing && !is_restart(code) && !fill_byte) {
            state_ = State::markers;
            position_ += at;
            return Step::go_on;
        }
        at = find_prefix(rest, at + (fill_byte ? 1 : marker_bytes));
    }
    position_ += at;
    return Step::need_more;
}

FrameScanner::Step FrameScanner::end_frame(ScanResult& result) noexcept {
    position_ += marker_bytes;
    state_ = State::searching;
    const std::uint64_t bytes = position_ - frame_begin_;
    const bool oversized = bytes > frame_bytes_max_;
    result.outcome = oversized ? ScanOutcome::oversized : ScanOutcome::frame;
    result.bytes = static_cast<std::size_t>(bytes);
    result.width = width_;
    result.height = height_;
    if (!oversized && !picture_max_.allows(width_, height_)) {
        // Only here, so that no part of the frame can be taken for the beginning of another.
        result.outcome = ScanOutcome::damaged;
        result.damage = Damage::picture_too_large;
    } else if (!oversized) {
        result.offset = static_cast<std::size_t>(frame_begin_ - region_begin_);
    }
    too_large_ = false;
    return Step::finished;
}

FrameScanner::Step FrameScanner::give_up(Damage damage, ScanResult& result) noexcept {
    // position_ stays where it is: an SOI there begins the next frame, and the search for SOI
    // skips anything else.
    result.outcome = ScanOutcome::damaged;
    result.damage = damage;
    result.bytes = static_cast<std::size_t>(position_ - frame_begin_);
    state_ = State::searching;
    too_large_ = false;
    return Step::finished;
}

ScanResult scan_whole_frame(ConstByteSpan bytes, PictureLimit picture_max) noexcept {
    ScanResult found;
    if (bytes.size() < frame_beginning.size() || !may_begin_frame(bytes)) {
        found.outcome = ScanOutcome::damaged;
        found.damage = Damage::beginning_missing;
        return found;
    }
    found = FrameScanner(bytes.size(), picture_max).scan(bytes);
    if (found.outcome == ScanOutcome::need_more) {
        found.outcome = ScanOutcome::damaged;
        found.damage = Damage::end_missing;
        found.bytes = bytes.size();
    }
    RINGCAST_ASSERT(found.outcome != ScanOutcome::oversized); // the limit was bytes.size()
    return found;
}

} // namespace ringcast::jpeg
