#include "upstream/part_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "base/assert.hpp"
#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"

namespace ringcast::upstream {

namespace {

constexpr auto jpeg_marker = std::byte{0xFF}; ///< a JPEG begins with it, text never does

std::optional<std::uint64_t> whole_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

/// Seconds since 1970 with a fraction, as in "1700000000.123456". Exact to the nanosecond, so that a
/// chain of servers passes the same time on.
std::optional<WallTime> wall_time(std::string_view text) noexcept {
    constexpr std::uint64_t year_2200 = 7'258'118'400; // nanoseconds since 1970 fit up to 2262
    constexpr std::size_t fraction_digits = 9;
    const std::size_t point = std::min(text.find('.'), text.size());
    const auto seconds = whole_number(text.substr(0, point));
    if (!seconds || *seconds >= year_2200) {
        return std::nullopt;
    }
    std::string_view digits = text.substr(std::min(point + 1, text.size()));
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    std::int64_t nanoseconds = 0;
    for (std::size_t i = 0; i < fraction_digits; ++i) {
        nanoseconds = nanoseconds * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    }
    return WallTime{std::chrono::seconds(*seconds) + std::chrono::nanoseconds(nanoseconds)};
}

bool says_no_signal(std::string_view signal) noexcept {
    return http::equal_ignoring_case(signal, "none");
}

/// Types of pictures: "image/jpeg" with all its misspellings. Whether it is a JPEG shows later.
bool is_picture(std::string_view type) noexcept {
    constexpr std::string_view prefix = "image/";
    return http::equal_ignoring_case(type.substr(0, prefix.size()), prefix);
}

/// A header rather than text before the first delimiter.
bool is_header(std::string_view line) noexcept {
    const std::size_t colon = line.find(':');
    return colon != std::string_view::npos && colon > 0 &&
           line.substr(0, colon).find(' ') == std::string_view::npos;
}

} // namespace

PartHead picture_head(const http::ResponseHead& head) {
    PartHead picture;
    if (head.body_end == http::BodyEnd::length) {
        picture.content_length = head.content_length;
    }
    picture.timestamp = wall_time(head.timestamp);
    picture.no_signal = says_no_signal(head.signal);
    picture.reason = head.reason.substr(0, PartReader::line_bytes_max);
    return picture;
}

void PartReader::begin(std::string_view boundary) {
    // Some servers include the dashes in the parameter, and some do not repeat them in the body.
    const std::size_t dashes =
        std::min<std::size_t>(boundary.find_first_not_of('-'), boundary.size());
    boundary_ = boundary.substr(dashes);
    first_ = true;
    content_read();
}

void PartReader::content_read() noexcept {
    state_ = State::reading;
    expected_ = Expected::delimiter;
    line_bytes_ = 0;
    head_bytes_ = 0;
    length_ = LengthSeen::none;
    head_ = {};
}

std::size_t PartReader::read(ConstByteSpan bytes) {
    RINGCAST_ASSERT(state_ != State::part);
    std::size_t count = 0;
    while (count < bytes.size() && state_ == State::reading) {
        if (line_bytes_ == 0 && bytes[count] == jpeg_marker) {
            state_ = State::malformed; // the picture, or its rest, instead of a line
            break;
        }
        const auto letter = static_cast<char>(bytes[count]);
        ++count;
        if (letter == '\n') {
            finish_line();
        } else {
            if (line_bytes_ < line_.size()) {
                line_[line_bytes_] = letter;
            }
            ++line_bytes_;
        }
        if (++head_bytes_ > head_bytes_max && state_ == State::reading) {
            state_ = State::malformed;
        }
    }
    return count;
}

void PartReader::finish_line() {
    std::string_view line(line_.data(), std::min(line_bytes_, line_.size()));
    line_bytes_ = 0;
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    if (expected_ == Expected::header) {
        finish_header(line);
    } else if (!line.empty()) { // the content of the part before ends with an empty line
        finish_delimiter(line);
    }
}

void PartReader::finish_delimiter(std::string_view line) {
    const std::size_t dashes = std::min<std::size_t>(line.find_first_not_of('-'), line.size());
    std::string_view rest = http::trimmed(line.substr(dashes));
    const bool delimiter =
        boundary_.empty() ? dashes >= 2 : rest.substr(0, boundary_.size()) == boundary_;
    if (delimiter) {
        rest.remove_prefix(boundary_.empty() ? rest.size() : boundary_.size());
        if (rest == "--") {
            state_ = State::ended;
        } else if (rest.empty()) {
            first_ = false;
            expected_ = Expected::header;
        } else {
            state_ = State::malformed; // a longer boundary, or data that resembles one
        }
    } else if (first_ && is_header(line)) {
        // The first delimiter is missing.
        first_ = false;
        expected_ = Expected::header;
        finish_header(line);
    } else if (!first_) {
        state_ = State::malformed;
    } // else a preamble, which is ignored
}

void PartReader::finish_header(std::string_view line) {
    if (line.empty()) {
        if (length_ == LengthSeen::invalid) {
            head_.content_length.reset();
        }
        state_ = State::part;
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return; // ignored, as mail programs do
    }
    const std::string_view name = http::trimmed(line.substr(0, colon));
    const std::string_view value = http::trimmed(line.substr(colon + 1));
    if (http::equal_ignoring_case(name, "content-length")) {
        take_length(value);
    } else if (http::equal_ignoring_case(name, "content-type")) {
        head_.picture = is_picture(value);
    } else if (http::equal_ignoring_case(name, "x-timestamp")) {
        head_.timestamp = wall_time(value);
    } else if (http::equal_ignoring_case(name, "x-ringcast-signal")) {
        head_.no_signal = says_no_signal(value);
    } else if (http::equal_ignoring_case(name, "x-ringcast-reason")) {
        head_.reason = value;
    }
}

/// A length that is no number, or differs from an earlier one, says nothing.
void PartReader::take_length(std::string_view value) {
    const auto length = whole_number(value);
    const bool repeated_differently =
        length_ == LengthSeen::valid && head_.content_length != length;
    if (!length || repeated_differently || length_ == LengthSeen::invalid) {
        length_ = LengthSeen::invalid;
    } else {
        length_ = LengthSeen::valid;
        head_.content_length = length;
    }
}

} // namespace ringcast::upstream
