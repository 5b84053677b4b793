#include "http/response_head.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.hpp"
#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"
#include "http/line_parser.hpp"

namespace ringcast::http {
namespace {

constexpr std::string_view http_prefix = "HTTP/";
constexpr std::string_view not_http = "the answer is not HTTP";

/// What servers of other protocols send to an HTTP client.
struct OtherProtocol {
    std::string_view prefix;
    std::string_view error;
};
constexpr std::array<OtherProtocol, 2> other_protocols = {{
    // RFC 8446, 5.1: the record of an alert, and the major version that all versions send.
    {"\x15\x03", "the server expects TLS: use the port of its plain HTTP server"},
    {"RTSP/", "the server speaks RTSP: use the port of its HTTP server"},
}};

// Error texts repeat these.
static_assert(ResponseHeadReader::head_bytes_max == 16384);
static_assert(ResponseHeadReader::header_count_max == 100);

/// A number of decimal digits alone; nothing if it is another text or too large.
template <typename Number>
std::optional<Number> read_digits(std::string_view text) noexcept {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc() || stop != end || !is_digit(text.front())) {
        return std::nullopt;
    }
    return number;
}

std::string_view without_line_end(std::string_view line) noexcept {
    line.remove_suffix(1);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

} // namespace

// llhttp, and what earlier lines of the head contained.
struct ResponseHeadReader::Parser {
    LineParser lines{HTTP_RESPONSE};
    bool http_1_0 = false;
    ConnectionOptions connection;
    std::size_t header_count = 0;
    std::optional<std::uint64_t> content_length;
    std::string_view content_length_error; ///< empty: none
    bool chunked = false;
    std::array<std::string_view, challenge_count_max> challenges;
    std::size_t challenge_count = 0;

    void begin() noexcept {
        lines.begin();
        http_1_0 = false;
        connection = {};
        header_count = 0;
        content_length.reset();
        content_length_error = {};
        chunked = false;
        challenge_count = 0;
    }
};

ResponseHeadReader::ResponseHeadReader() : parser_(std::make_unique<Parser>()) {}
ResponseHeadReader::~ResponseHeadReader() = default;

ByteSpan ResponseHeadReader::free_space() noexcept {
    RINGCAST_ASSERT(state_ == ParseState::need_more);
    return std::as_writable_bytes(std::span(buffer_)).subspan(received_);
}

ParseState ResponseHeadReader::consume(std::size_t bytes) noexcept {
    RINGCAST_ASSERT(state_ == ParseState::need_more);
    RINGCAST_ASSERT(bytes <= buffer_.size() - received_);
    received_ += bytes;
    while (state_ == ParseState::need_more && scanned_ < received_) {
        read(buffer_[scanned_]);
    }
    if (state_ == ParseState::need_more && received_ == buffer_.size()) {
        refuse("the answer's head is longer than 16384 bytes");
    }
    return state_;
}

void ResponseHeadReader::begin() noexcept {
    received_ = 0;
    scanned_ = 0;
    state_ = ParseState::need_more;
    error_ = {};
    begin_head();
}

/// Prepares for a head that begins after the bytes that were read.
void ResponseHeadReader::begin_head() noexcept {
    line_begin_ = scanned_;
    line_ended_ = false;
    expected_ = Expected::protocol;
    head_ = {};
    parser_->begin();
}

const ResponseHead& ResponseHeadReader::head() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    return head_;
}

ConstByteSpan ResponseHeadReader::rest() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    return std::as_bytes(std::span(buffer_)).subspan(scanned_, received_ - scanned_);
}

std::string_view ResponseHeadReader::error() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::error);
    return error_;
}

// Each byte is checked as it arrives: llhttp's versions differ in the line ends and control
// characters that they accept, and another protocol is an error at once instead of a time-out.
void ResponseHeadReader::read(char c) noexcept {
    if (line_ended_) {
        begin_line(c);
        if (state_ != ParseState::need_more) {
            return;
        }
    }
    ++scanned_;
    if (expected_ == Expected::protocol) {
        return check_protocol();
    }
    const bool after_return = scanned_ - line_begin_ > 1 && buffer_[scanned_ - 2] == '\r';
    if (after_return && c != '\n') {
        refuse("the answer's head contains a carriage return inside a line");
    } else if (is_control_character(c) && c != '\r' && c != '\n' && c != '\t') {
        refuse("the answer's head contains control characters");
    } else if (c == '\n') {
        const std::string_view line(buffer_.data() + line_begin_, scanned_ - line_begin_);
        if (expected_ == Expected::header && without_line_end(line).empty()) {
            finish_head();
        } else {
            line_ended_ = true;
        }
    }
}

void ResponseHeadReader::check_protocol() noexcept {
    const std::string_view text(buffer_.data() + line_begin_, scanned_ - line_begin_);
    if (text == "\r" || text == "\n") {
        // An empty line before the status line, which some servers send after a body.
        line_begin_ = scanned_;
        return;
    }
    if (text == http_prefix) {
        expected_ = Expected::status_line;
        return;
    }
    for (const OtherProtocol& other : other_protocols) {
        if (text == other.prefix) {
            return refuse(other.error);
        }
        if (other.prefix.starts_with(text)) {
            return;
        }
    }
    if (!http_prefix.starts_with(text)) {
        refuse(not_http);
    }
}

/// `first` is the first byte after the line that ended.
void ResponseHeadReader::begin_line(char first) noexcept {
    line_ended_ = false;
    const std::span<char> line = std::span(buffer_).subspan(line_begin_, scanned_ - line_begin_);
    if (expected_ == Expected::header && (first == ' ' || first == '\t')) {
        // RFC 9112, 5.2: a client replaces the line end within a header by blanks.
        std::replace_if(
            line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
        return;
    }
    line_begin_ = scanned_;
    const std::string_view text = without_line_end({line.data(), line.size()});
    if (expected_ == Expected::status_line) {
        finish_status_line(text);
        expected_ = Expected::header;
    } else {
        finish_header(line.first(text.size()));
    }
}

// HTTP/1.x, blanks, three digits, and optionally a blank and the reason phrase.
void ResponseHeadReader::finish_status_line(std::string_view line) noexcept {
    line.remove_prefix(http_prefix.size());
    const std::string_view version = line.substr(0, line.find(' '));
    const std::string_view after_version = trimmed(line.substr(version.size()));
    const std::string_view status = after_version.substr(0, after_version.find(' '));
    const auto number = read_digits<int>(status);
    if (status.size() != 3 || !number || *number < 100) {
        return refuse("the answer's status line is malformed: expected HTTP/1.1 and a status of "
                      "three digits");
    }
    if (version.size() != 3 || !version.starts_with("1.") || !is_digit(version[2])) {
        return refuse("the answer has an HTTP version other than 1.0 and 1.1");
    }
    // RFC 9110, 2.5: a later minor version is read like HTTP/1.1.
    parser_->http_1_0 = version == "1.0";
    head_.status = *number;
    // The line has been checked. llhttp's versions differ in the lines that they accept.
    feed("HTTP/1.1 200 OK\r\n");
}

void ResponseHeadReader::finish_header(std::span<char> line) noexcept {
    if (++parser_->header_count > header_count_max) {
        return refuse("the answer has more than 100 headers");
    }
    const std::string_view text(line.data(), line.size());
    const std::string_view before_colon = text.substr(0, text.find(':'));
    const std::size_t name_bytes = before_colon.find_last_not_of(" \t") + 1;
    if (before_colon.size() == text.size() || !is_token(text.substr(0, name_bytes))) {
        return;
    }
    // Blanks between name and colon go in front of the name, where they are left out.
    const std::size_t blanks = before_colon.size() - name_bytes;
    std::rotate(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(name_bytes),
                line.begin() + static_cast<std::ptrdiff_t>(before_colon.size()));
    const std::string_view header = text.substr(blanks);
    const std::string_view name = header.substr(0, name_bytes);
    const std::string_view value = trimmed(header.substr(name_bytes + 1));
    // llhttp rejects combinations of these two that servers send and RFC 9112, 6.3, permits.
    if (equal_ignoring_case(name, "content-length")) {
        return read_content_length(value);
    }
    if (equal_ignoring_case(name, "transfer-encoding")) {
        return read_transfer_encoding(value);
    }
    feed(header);
    if (state_ == ParseState::need_more) {
        keep_header(parser_->lines.name(), trimmed(parser_->lines.value()));
        feed("\r\n");
    }
}

void ResponseHeadReader::keep_header(std::string_view name, std::string_view value) noexcept {
    const auto keep_first = [value](std::string_view& view) {
        if (view.empty()) {
            view = value;
        }
    };
    if (equal_ignoring_case(name, "content-type")) {
        keep_first(head_.content_type);
    } else if (equal_ignoring_case(name, "location")) {
        keep_first(head_.location);
    } else if (equal_ignoring_case(name, "server")) {
        keep_first(head_.server);
    } else if (equal_ignoring_case(name, "x-ringcast-via")) {
        keep_first(head_.via);
    } else if (equal_ignoring_case(name, "x-timestamp")) {
        keep_first(head_.timestamp);
    } else if (equal_ignoring_case(name, "x-ringcast-signal")) {
        keep_first(head_.signal);
    } else if (equal_ignoring_case(name, "x-ringcast-reason")) {
        keep_first(head_.reason);
    } else if (equal_ignoring_case(name, "connection")) {
        parser_->connection.read(value);
    } else if (equal_ignoring_case(name, "retry-after")) {
        if (!head_.retry_after_seconds) {
            head_.retry_after_seconds = read_digits<std::uint32_t>(value);
        }
    } else if (equal_ignoring_case(name, "www-authenticate")) {
        if (parser_->challenge_count < challenge_count_max) {
            parser_->challenges[parser_->challenge_count++] = value;
        }
    }
}

// An error counts only if the length does: see finish_head.
void ResponseHeadReader::read_content_length(std::string_view list) noexcept {
    // RFC 9112, 6.3: proxies join repeated headers, as in "5, 5".
    const auto read_one = [this](std::string_view element) {
        const auto length = read_digits<std::uint64_t>(element);
        if (!length) {
            parser_->content_length_error = "the answer's Content-Length is not a valid number";
        } else if (parser_->content_length.value_or(*length) != *length) {
            parser_->content_length_error = "the answer has two different Content-Length headers";
        } else {
            parser_->content_length = length;
        }
    };
    if (list.empty()) {
        read_one(list);
    }
    for_each_element(list, read_one);
}

void ResponseHeadReader::read_transfer_encoding(std::string_view list) noexcept {
    for_each_element(list, [this](std::string_view coding) {
        if (equal_ignoring_case(coding, "chunked")) {
            parser_->chunked = true;
        } else if (!coding.empty() && !equal_ignoring_case(coding, "identity")) {
            // RFC 2616, 3.6: identity is no encoding.
            refuse("the answer has a Transfer-Encoding other than chunked");
        }
    });
}

void ResponseHeadReader::finish_head() noexcept {
    if (head_.status < 200) {
        if (head_.status == 101) {
            return refuse("the server switches to another protocol (status 101)");
        }
        return begin_head();
    }
    if (head_.status == 204 || head_.status == 304) {
        head_.body_end = BodyEnd::none;
    } else if (parser_->chunked) {
        head_.body_end = BodyEnd::chunked;
    } else if (!parser_->content_length_error.empty()) {
        return refuse(parser_->content_length_error);
    } else if (parser_->content_length) {
        head_.body_end = BodyEnd::length;
        head_.content_length = *parser_->content_length;
    } else {
        head_.body_end = BodyEnd::close;
    }
    // RFC 9112, 6.1: HTTP/1.0 has no Transfer-Encoding, so its end can't be trusted.
    head_.keep_alive = parser_->connection.persistent(parser_->http_1_0) &&
                       head_.body_end != BodyEnd::close && !(parser_->http_1_0 && parser_->chunked);
    head_.challenges = std::span(parser_->challenges).first(parser_->challenge_count);
    state_ = ParseState::complete;
}

void ResponseHeadReader::feed(std::string_view line) noexcept {
    if (parser_->lines.feed(line) != HPE_OK) {
        refuse("the answer has a malformed header");
    }
}

void ResponseHeadReader::refuse(std::string_view text) noexcept {
    state_ = ParseState::error;
    error_ = text;
}

} // namespace ringcast::http
