#include "http/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>

#include "base/assert.hpp"
#include "http/authority.hpp"
#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"
#include "http/line_parser.hpp"

namespace ringcast::http {
namespace {

// The longest request line that is read: the longest target, plus room for method, version and
// blanks. A longer line is rejected as 414 without waiting for its end.
constexpr std::size_t request_line_bytes_max = RequestReader::target_bytes_max + 64;

constexpr std::string_view malformed_request_line =
    "The request line is malformed: expected METHOD /path HTTP/1.1.";
constexpr std::string_view invalid_host =
    "The host is invalid: expected a name of letters, digits, '-', '.' and '_' or an IP address "
    "(IPv6 in brackets), and optionally a port from 1 to 65535, as in cam.local:8080.";
constexpr std::string_view url_too_long = "The URL is too long: at most 8192 bytes are allowed.";

// Error texts repeat these.
static_assert(RequestReader::target_bytes_max == 8192);
static_assert(RequestReader::head_bytes_max == 16384);
static_assert(RequestReader::header_count_max == 100);
static_assert(HeaderValues::count_max == 8);

// The methods of RFC 9110 and RFC 5789. Others are unknown here, those of WebDAV included.
bool is_known_method(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 9> methods = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

/// The largest number for one that is too large. `digits` are not empty.
std::size_t length_of(std::string_view digits) noexcept {
    std::size_t length = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    return read.ec == std::errc() ? length : std::numeric_limits<std::size_t>::max();
}

} // namespace

// llhttp, and what earlier lines of the head contained.
struct RequestReader::Parser {
    LineParser lines{HTTP_REQUEST};
    ConnectionOptions connection;
    std::size_t host_count = 0;
    std::size_t content_length_count = 0;
    bool transfer_encoding = false;

    void begin() noexcept {
        lines.begin();
        connection = {};
        host_count = 0;
        content_length_count = 0;
        transfer_encoding = false;
    }
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()), buffer_(short_buffer_) {}
RequestReader::~RequestReader() = default;

ByteSpan RequestReader::free_space() noexcept {
    RINGCAST_ASSERT(state_ == ParseState::need_more);
    if (body_begun_) {
        return std::as_writable_bytes(std::span(body_)).subspan(body_received_);
    }
    return std::as_writable_bytes(buffer_).subspan(received_);
}

ParseState RequestReader::consume(std::size_t bytes) noexcept {
    RINGCAST_ASSERT(state_ == ParseState::need_more);
    RINGCAST_ASSERT(bytes <= free_space().size());
    if (body_begun_) {
        body_received_ += bytes;
        return state_of_body();
    }
    received_ += bytes;
    return parse();
}

bool RequestReader::body_unread() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    return request_.body == BodyKind::chunked || (request_.body_bytes > 0 && !body_begun_);
}

ParseState RequestReader::read_body() {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    RINGCAST_ASSERT(request_.body == BodyKind::sized);
    RINGCAST_ASSERT(request_.body_bytes <= body_bytes_max);
    RINGCAST_ASSERT(!body_begun_);
    body_.resize(request_.body_bytes);
    body_begun_ = true;
    body_received_ = std::min(received_ - scanned_, body_.size());
    std::memcpy(body_.data(), buffer_.data() + scanned_, body_received_);
    scanned_ += body_received_;
    return state_of_body();
}

ParseState RequestReader::state_of_body() noexcept {
    state_ = body_received_ == body_.size() ? ParseState::complete : ParseState::need_more;
    return state_;
}

std::string_view RequestReader::body() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    RINGCAST_ASSERT(!body_unread());
    return body_;
}

ParseState RequestReader::next() noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    RINGCAST_ASSERT(!body_unread());
    // The scanned bytes are exactly the head and what has been moved to its body; the rest belongs to
    // the next head.
    const std::span<char> rest = buffer_.subspan(scanned_, received_ - scanned_);
    const bool fits = rest.size() < short_buffer_.size();
    if (fits) {
        buffer_ = short_buffer_;
    }
    std::memmove(buffer_.data(), rest.data(), rest.size());
    if (fits) {
        long_buffer_.reset();
    }
    received_ = rest.size();
    start();
    return parse();
}

/// Prepares for a head at the beginning of the buffer.
void RequestReader::start() noexcept {
    scanned_ = 0;
    request_begin_ = 0;
    line_begin_ = 0;
    header_count_ = 0;
    expected_line_ = Line::request;
    state_ = ParseState::need_more;
    request_ = {};
    std::string().swap(body_); // gives its memory back
    body_received_ = 0;
    body_begun_ = false;
    parser_->begin();
}

const Request& RequestReader::request() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::complete);
    return request_;
}

bool RequestReader::head_only() const noexcept {
    const std::string_view text(buffer_.data() + request_begin_, received_ - request_begin_);
    return text.starts_with("HEAD ");
}

const RequestError& RequestReader::error() const noexcept {
    RINGCAST_ASSERT(state_ == ParseState::error);
    return error_;
}

ParseState RequestReader::parse() noexcept {
    scan();
    if (state_ == ParseState::need_more && received_ == short_buffer_.size() &&
        long_buffer_ == nullptr) {
        use_long_buffer();
    }
    if (state_ == ParseState::need_more && received_ == buffer_.size()) {
        refuse(431, "The request head is too long: at most 16384 bytes are allowed.");
    }
    return state_;
}

// The request's views point into the short buffer, so the head is parsed again from its beginning.
void RequestReader::use_long_buffer() noexcept {
    long_buffer_.reset(new (std::nothrow) std::array<char, head_bytes_max>);
    if (long_buffer_ == nullptr) {
        return refuse(503, "There is not enough memory for a request head of this length.");
    }
    std::memcpy(long_buffer_->data(), short_buffer_.data(), received_);
    buffer_ = *long_buffer_;
    start();
    scan();
}

// Each byte is checked before llhttp sees its line: versions of llhttp differ in the line ends and
// control characters that they accept, and a client that speaks another protocol, such as TLS, gets
// an error at its first byte instead of a time-out.
void RequestReader::scan() noexcept {
    while (state_ == ParseState::need_more && scanned_ < received_) {
        const char c = buffer_[scanned_];
        const bool after_return = scanned_ > line_begin_ && buffer_[scanned_ - 1] == '\r';
        ++scanned_;
        const auto value = static_cast<unsigned char>(c);
        if (after_return != (c == '\n')) {
            refuse(400, "Lines must end with CR LF; a CR or LF alone is not allowed.");
        } else if ((value < 0x20 && c != '\r' && c != '\n' && c != '\t') || value == 0x7F) {
            refuse(400, "The request contains control characters; this server expects plain HTTP, "
                        "not TLS.");
        } else if (c == '\n') {
            const std::string_view line(buffer_.data() + line_begin_, scanned_ - line_begin_);
            line_begin_ = scanned_;
            finish_line(line);
        } else if (expected_line_ == Line::request &&
                   scanned_ - line_begin_ > request_line_bytes_max) {
            refuse(414, url_too_long);
        }
    }
}

// `line` includes its CR LF.
void RequestReader::finish_line(std::string_view line) noexcept {
    const bool empty = line.size() == 2;
    if (expected_line_ == Line::request) {
        // RFC 9112, 2.2: empty lines before the request line are ignored.
        if (empty) {
            request_begin_ = line_begin_;
        } else {
            finish_request_line(line);
            expected_line_ = Line::header;
        }
    } else if (empty) {
        finish_head(line);
    } else {
        finish_header(line);
    }
}

void RequestReader::finish_request_line(std::string_view line) noexcept {
    const std::string_view text = line.substr(0, line.size() - 2);
    const std::size_t method_end = text.find(' ');
    const std::size_t target_end = text.rfind(' ');
    if (method_end == std::string_view::npos || target_end == method_end) {
        return refuse(400, malformed_request_line);
    }
    const std::string_view method = text.substr(0, method_end);
    const std::string_view target = text.substr(method_end + 1, target_end - method_end - 1);
    const std::string_view version = text.substr(target_end + 1);
    // Visible ASCII only, and no fragment, which clients keep to themselves.
    const bool target_valid =
        !target.empty() && std::all_of(target.begin(), target.end(),
                                       [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
    const bool version_valid = version.size() == 8 && version.starts_with("HTTP/") &&
                               is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    if (!is_token(method) || !target_valid || !version_valid) {
        return refuse(400, malformed_request_line);
    }
    if (target.size() > target_bytes_max) {
        return refuse(414, url_too_long);
    }
    // RFC 9110, 2.5: a later minor version is served like HTTP/1.1.
    if (!version.starts_with("HTTP/1.")) {
        return refuse(505, "Unsupported HTTP version: use HTTP/1.1 or HTTP/1.0.");
    }
    if (method == "GET") {
        request_.method = Method::get;
    } else if (method == "HEAD") {
        request_.method = Method::head;
    } else if (method == "OPTIONS") {
        request_.method = Method::options;
    } else if (method == "PUT") {
        request_.method = Method::put;
    } else if (is_known_method(method)) {
        return refuse(405, "Method not allowed: use GET, HEAD or OPTIONS, or PUT for a "
                           "camera's controls.");
    } else {
        return refuse(501, "Unknown method: use GET, HEAD or OPTIONS.");
    }
    request_.http_1_0 = version.back() == '0';
    split_target(target);
    if (state_ == ParseState::need_more) {
        // The line has been checked. llhttp rejects minor versions above 1, and its own versions
        // differ in the targets that they accept.
        feed(request_.http_1_0 ? "GET / HTTP/1.0\r\n" : "GET / HTTP/1.1\r\n");
    }
}

void RequestReader::split_target(std::string_view target) noexcept {
    if (!target.starts_with('/') && target != "*") {
        // Absolute form, which clients send to proxies. RFC 9112, 3.2.2: its host replaces the one
        // of the Host header.
        const std::size_t scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos ||
            !(equal_ignoring_case(target.substr(0, scheme_end), "http") ||
              equal_ignoring_case(target.substr(0, scheme_end), "https"))) {
            return refuse(400, malformed_request_line);
        }
        target.remove_prefix(scheme_end + 3);
        const std::string_view authority = target.substr(0, target.find_first_of("/?"));
        if (!is_authority(authority)) {
            return refuse(400, invalid_host);
        }
        request_.host = authority;
        target.remove_prefix(authority.size());
    }
    if (target == "*" && request_.method != Method::options) {
        return refuse(400, malformed_request_line);
    }
    const std::size_t query_begin = target.find('?');
    request_.path = target.substr(0, query_begin);
    if (request_.path.empty()) {
        request_.path = "/";
    }
    if (query_begin != std::string_view::npos) {
        request_.query = target.substr(query_begin + 1);
    }
}

void RequestReader::finish_header(std::string_view line) noexcept {
    if (++header_count_ > header_count_max) {
        return refuse(431, "Too many headers: at most 100 are allowed.");
    }
    if (line.front() == ' ' || line.front() == '\t') {
        return refuse(400, "A header continues on a second line; this obsolete form is rejected.");
    }
    if (!is_token(line.substr(0, std::min(line.find(':'), line.size())))) {
        return refuse(400, "A header is malformed: expected Name: value.");
    }
    feed(line);
    if (state_ != ParseState::need_more) {
        return;
    }
    read_header(parser_->lines.name(), trimmed(parser_->lines.value()));
    if (parser_->content_length_count + (parser_->transfer_encoding ? 1U : 0U) > 1) {
        refuse(400, "Content-Length occurs twice, or together with Transfer-Encoding.");
    }
}

void RequestReader::read_header(std::string_view name, std::string_view value) noexcept {
    const auto keep_first = [value](std::string_view& view) {
        if (view.empty()) {
            view = value;
        }
    };
    const auto keep_all = [this, value](HeaderValues& values) {
        if (!values.add(value)) {
            refuse(400, "Forwarded or X-Forwarded-For occurs more than 8 times.");
        }
    };
    if (equal_ignoring_case(name, "host")) {
        ++parser_->host_count;
        if (!is_authority(value)) {
            return refuse(400, invalid_host);
        }
        keep_first(request_.host);
    } else if (equal_ignoring_case(name, "connection")) {
        parser_->connection.read(value);
    } else if (equal_ignoring_case(name, "accept")) {
        keep_first(request_.accept);
    } else if (equal_ignoring_case(name, "accept-encoding")) {
        keep_first(request_.accept_encoding);
    } else if (equal_ignoring_case(name, "origin")) {
        keep_first(request_.origin);
    } else if (equal_ignoring_case(name, "user-agent")) {
        keep_first(request_.user_agent);
    } else if (equal_ignoring_case(name, "x-forwarded-prefix")) {
        keep_first(request_.x_forwarded_prefix);
    } else if (equal_ignoring_case(name, "authorization")) {
        keep_first(request_.authorization);
    } else if (equal_ignoring_case(name, "content-type")) {
        keep_first(request_.content_type);
    } else if (equal_ignoring_case(name, "expect")) {
        request_.expects_continue =
            !request_.http_1_0 && equal_ignoring_case(value, "100-continue");
    } else if (equal_ignoring_case(name, "access-control-request-method")) {
        keep_first(request_.access_control_request_method);
    } else if (equal_ignoring_case(name, "last-event-id")) {
        keep_first(request_.last_event_id);
    } else if (equal_ignoring_case(name, "x-ringcast-via")) {
        keep_first(request_.via);
    } else if (equal_ignoring_case(name, "forwarded")) {
        keep_all(request_.forwarded);
    } else if (equal_ignoring_case(name, "x-forwarded-for")) {
        keep_all(request_.x_forwarded_for);
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
        parser_->transfer_encoding = true;
        request_.body = BodyKind::chunked;
    } else if (equal_ignoring_case(name, "content-length")) {
        ++parser_->content_length_count;
        if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) {
            return refuse(400, "Content-Length is not a number.");
        }
        request_.body = BodyKind::sized;
        request_.body_bytes = length_of(value);
    }
}

void RequestReader::finish_head(std::string_view line) noexcept {
    if (parser_->host_count > 1 || (parser_->host_count == 0 && !request_.http_1_0)) {
        return refuse(400, "A request must have exactly one Host header (HTTP/1.0: at most one).");
    }
    const bool chunked = request_.body == BodyKind::chunked;
    if (request_.method != Method::put && (chunked || request_.body_bytes > 0)) {
        return refuse(413, "Requests with a body are not accepted.");
    }
    if (!chunked) { // else llhttp rejects an encoding that it doesn't know
        feed(line);
    }
    if (state_ == ParseState::need_more) {
        request_.keep_alive = parser_->connection.persistent(request_.http_1_0);
        state_ = ParseState::complete;
    }
}

void RequestReader::feed(std::string_view line) noexcept {
    const llhttp_errno_t result = parser_->lines.feed(line);
    // An Upgrade header pauses llhttp at the end of the head. RFC 9110, 7.8: a server may ignore
    // it.
    if (result != HPE_OK && result != HPE_PAUSED_UPGRADE) {
        refuse(400, expected_line_ == Line::request
                        ? malformed_request_line
                        : std::string_view("A header is malformed: expected Name: value."));
    }
}

void RequestReader::refuse(int status, std::string_view text) noexcept {
    state_ = ParseState::error;
    error_ = {status, text};
}

} // namespace ringcast::http
