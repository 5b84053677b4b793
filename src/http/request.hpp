#pragma once
// Parses request heads from a byte stream: strict, bounded, and without allocation after
// construction, except for a head longer than `short_head_bytes_max`. Bodies are received on demand.
// Knows no sockets: the caller receives into `free_space()` and reports the number of bytes.
//
// The outcome depends on the bytes alone, not on how they were split into receives: each byte is
// checked as it arrives, and llhttp is given whole lines.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::http {

enum class Method : std::uint8_t { get, head, options, put };

/// The values of a header that may be repeated, in the order of the request, without surrounding
/// blanks. Empty values are left out.
class HeaderValues {
public:
    static constexpr std::size_t count_max = 8;

    /// False if there are `count_max` already.
    [[nodiscard]] bool add(std::string_view value) noexcept {
        if (value.empty()) {
            return true;
        }
        if (count_ == count_max) {
            return false;
        }
        values_[count_++] = value;
        return true;
    }
    [[nodiscard]] std::span<const std::string_view> all() const noexcept {
        return std::span(values_).first(count_);
    }

private:
    std::array<std::string_view, count_max> values_;
    std::size_t count_ = 0;
};

/// What a head says about the body behind it.
enum class BodyKind : std::uint8_t {
    none,
    sized,   ///< by Content-Length
    chunked, ///< by Transfer-Encoding: it can't be received
};

/// A complete head. The views point into the reader and are valid until `RequestReader::next()`.
struct Request {
    Method method = Method::get;
    /// "/", "/printer/stream", or "*" (OPTIONS only); still percent-encoded. Scheme and authority
    /// of an absolute target have been removed.
    std::string_view path;
    std::string_view query;  ///< after the first '?', still encoded; empty if there is none
    bool http_1_0 = false;   ///< else HTTP/1.1 or a later minor version
    bool keep_alive = false; ///< according to version and Connection header
    /// Host and port: of an absolute target, else of the Host header. Valid (http/authority.hpp);
    /// empty for an HTTP/1.0 client that sends neither.
    std::string_view host;
    // Header values without surrounding blanks; empty if absent, the first one if repeated.
    std::string_view accept;
    std::string_view accept_encoding;
    std::string_view origin;
    std::string_view user_agent;
    std::string_view authorization;
    std::string_view content_type;
    std::string_view access_control_request_method;
    std::string_view last_event_id;
    std::string_view via; ///< X-Ringcast-Via: the ids of the ringcasts that ask (http/via.hpp)
    // From proxies, or from anyone who pretends to be one (http/forwarded.hpp).
    HeaderValues forwarded;       ///< Forwarded
    HeaderValues x_forwarded_for; ///< X-Forwarded-For
    std::string_view x_forwarded_prefix;
    // Of PUT; a body of more than 0 bytes is rejected with the other methods.
    BodyKind body = BodyKind::none;
    std::size_t body_bytes = 0;    ///< of a sized body
    bool expects_continue = false; ///< the client may wait for 100 before it sends the body
};

/// Why a head was rejected. The connection is answered with it and closed.
struct RequestError {
    int status = 400;      ///< 400, 405, 413, 414, 431, 501, 503 or 505
    std::string_view text; ///< one human-readable line; a static string
};

enum class ParseState : std::uint8_t { need_more, complete, error };

class RequestReader {
public:
    // Browsers send a host's cookies to all its ports, so a head may be long. nginx has 8 KiB for a
    // line by default, Apache 8 KiB and 100 headers, Node.js 16 KiB for a head.
    static constexpr std::size_t head_bytes_max = 16384;
    static constexpr std::size_t target_bytes_max = 8192;
    static constexpr std::size_t header_count_max = 100;
    static constexpr std::size_t body_bytes_max = 16384;
    /// Heads up to this size need no allocation. Nearly all are shorter, and an idle connection
    /// keeps no more memory than this for its next head.
    static constexpr std::size_t short_head_bytes_max = 4096;

    RequestReader();
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;
    RequestReader(RequestReader&&) = delete;
    RequestReader& operator=(RequestReader&&) = delete;

    /// The buffer for the next received bytes; not empty in state need_more.
    [[nodiscard]] ByteSpan free_space() noexcept;
    /// Parses `bytes` that were written to the beginning of `free_space()`. Bytes after a complete
    /// head are kept for `read_body()` or `next()`. After an error, nothing more can be read.
    ParseState consume(std::size_t bytes) noexcept;
    /// True exactly when the complete head has a body that has not been received: then what follows
    /// on the connection is no request.
    [[nodiscard]] bool body_unread() const noexcept;
    /// Begins to receive the sized body of the complete head, at most `body_bytes_max`; the state is
    /// complete again when it is whole, which may be at once. Changes nothing if it throws
    /// std::bad_alloc.
    ParseState read_body();
    /// The received body; only in state complete.
    [[nodiscard]] std::string_view body() const noexcept;
    /// Drops the complete request and parses the pipelined bytes after it; the next head may be
    /// complete at once. Not with a `body_unread()`.
    ParseState next() noexcept;

    [[nodiscard]] ParseState state() const noexcept { return state_; }
    /// True exactly when no byte of the next head has been received: then the keep-alive time-out
    /// applies instead of the one for heads.
    [[nodiscard]] bool idle() const noexcept { return received_ == 0; }
    /// Only in state complete.
    [[nodiscard]] const Request& request() const noexcept;
    /// True when the request is HEAD, as far as it has been received: then even a reply to an
    /// incomplete or rejected head has no body.
    [[nodiscard]] bool head_only() const noexcept;
    /// Only in state error.
    [[nodiscard]] const RequestError& error() const noexcept;

private:
    struct Parser;
    enum class Line : std::uint8_t { request, header };

    void start() noexcept;
    ParseState parse() noexcept;
    ParseState state_of_body() noexcept;
    void scan() noexcept;
    void use_long_buffer() noexcept;
    void finish_line(std::string_view line) noexcept;
    void finish_request_line(std::string_view line) noexcept;
    void finish_header(std::string_view line) noexcept;
    void read_header(std::string_view name, std::string_view value) noexcept;
    void finish_head(std::string_view line) noexcept;
    void split_target(std::string_view target) noexcept;
    void feed(std::string_view line) noexcept;
    void refuse(int status, std::string_view text) noexcept;

    std::size_t received_ = 0;      ///< bytes in the buffer
    std::size_t scanned_ = 0;       ///< of these, bytes already checked or moved to the body
    std::size_t request_begin_ = 0; ///< offset of the request line
    std::size_t line_begin_ = 0;    ///< offset of the current line
    std::size_t header_count_ = 0;
    Line expected_line_ = Line::request;
    ParseState state_ = ParseState::need_more;
    Request request_;
    RequestError error_;
    std::string body_; ///< of the size that the head announces, once `body_begun_`
    std::size_t body_received_ = 0;
    bool body_begun_ = false;
    std::unique_ptr<Parser> parser_;
    std::span<char> buffer_; ///< `short_buffer_`, or `long_buffer_` if there is one
    std::unique_ptr<std::array<char, head_bytes_max>> long_buffer_;
    // The last member, so that a short head touches only the page that the other members are on.
    std::array<char, short_head_bytes_max> short_buffer_;
};

} // namespace ringcast::http
