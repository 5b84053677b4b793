#include "part_checker.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include <libdeflate.h>
#include <strings.h>

namespace bench {
namespace {

/// The value of header `name` (given with its colon); none when the line is another header.
std::optional<std::string_view> header_value(std::string_view line, std::string_view name) {
    if (line.size() < name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
        return std::nullopt;
    }
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line;
}

} // namespace

bool PartChecker::consume(ringcast::ConstByteSpan& bytes) {
    while (!bytes.empty() && !broken_) {
        if (body_left_ > 0) {
            const ringcast::ConstByteSpan body = bytes.first(std::min(body_left_, bytes.size()));
            bytes = bytes.subspan(body.size());
            take_body(body);
            if (body_left_ == 0) {
                finish_body();
                return true;
            }
            continue;
        }
        const std::string_view text = ringcast::as_text(bytes);
        const std::size_t end = text.find('\n');
        const std::size_t taken = end == std::string_view::npos ? text.size() : end + 1;
        line_.append(text.substr(0, taken));
        bytes = bytes.subspan(taken);
        head_bytes_ += taken;
        if (head_bytes_ > head_bytes_max) {
            broken_ = true;
            return false;
        }
        if (end != std::string_view::npos) {
            while (!line_.empty() && (line_.back() == '\n' || line_.back() == '\r')) {
                line_.pop_back();
            }
            take_head_line(line_);
            line_.clear();
        }
    }
    return false;
}

/// Handles delimiters, header lines and empty lines, both of the response and of parts.
void PartChecker::take_head_line(std::string_view line) {
    if (first_line_) {
        first_line_ = false;
        // GStreamer's server sends parts without a response head.
        in_http_head_ = line.starts_with("HTTP/");
        broken_ = in_http_head_ && line.find(" 200 ") == std::string_view::npos;
        if (in_http_head_) {
            return;
        }
    }
    if (in_http_head_) {
        in_http_head_ = !line.empty();
        return;
    }
    if (expect_delimiter_) {
        broken_ = !line.empty() && !line.starts_with("--");
        expect_delimiter_ = line.empty();
        return;
    }
    if (const auto length = header_value(line, "Content-Length:")) {
        const auto [end, error] =
            std::from_chars(length->data(), length->data() + length->size(), content_length_);
        broken_ = error != std::errc() || content_length_ == 0;
    } else if (header_value(line, "X-Ringcast-Signal:")) {
        placeholder_ = true;
    } else if (line.empty() && content_length_ > 0) {
        body_left_ = content_length_;
        prefix_filled_ = 0;
        crc_ = 0;
        head_bytes_ = 0;
    }
}

void PartChecker::take_body(ringcast::ConstByteSpan bytes) {
    body_left_ -= bytes.size();
    const std::size_t prefix = std::min(prefix_.size() - prefix_filled_, bytes.size());
    std::memcpy(prefix_.data() + prefix_filled_, bytes.data(), prefix);
    prefix_filled_ += prefix;
    crc_ = libdeflate_crc32(crc_, bytes.data() + prefix, bytes.size() - prefix);
    if (bytes.size() >= 2) {
        last_ = {bytes[bytes.size() - 2], bytes[bytes.size() - 1]};
    } else {
        last_ = {last_[1], bytes[0]};
    }
}

void PartChecker::finish_body() {
    frame_ = CheckedFrame();
    frame_.placeholder = placeholder_;
    const bool whole = prefix_filled_ == prefix_.size() && prefix_[0] == std::byte{0xFF} &&
                       prefix_[1] == std::byte{0xD8} && last_[0] == std::byte{0xFF} &&
                       last_[1] == std::byte{0xD9};
    const auto stamp = ringcast::jpeg::read_stamp(prefix_);
    if (!placeholder_ && whole && stamp) {
        frame_.stamp = *stamp;
        frame_.good = stamp->crc == crc_ && (!any_ || stamp->sequence > last_sequence_);
        last_sequence_ = stamp->sequence;
        any_ = true;
    }
    content_length_ = 0;
    placeholder_ = false;
    expect_delimiter_ = true;
}

} // namespace bench
