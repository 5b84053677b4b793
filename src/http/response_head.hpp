#pragma once
// Parses the heads of other servers' answers from a byte stream: bounded, and without allocation
// after construction. Knows no sockets: the caller receives into `free_space()` and reports the
// number of bytes.
//
// Tolerates what servers in cameras do: lines that end with LF alone, empty lines before the status
// line, a missing reason phrase, blanks before a header's colon, headers that continue on the next
// line. Lines that are not headers are ignored, as browsers do. The outcome depends on the bytes
// alone, not on how they were split into receives.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "http/request.hpp"

namespace ringcast::http {

/// How the end of a body is found (RFC 9112, 6.3).
enum class BodyEnd : std::uint8_t {
    none,    ///< there is no body
    length,  ///< after `ResponseHead::content_length` bytes
    chunked, ///< by http::ChunkDecoder
    close,   ///< the server closes the connection
};

/// A complete head. The views point into the reader and are valid until
/// `ResponseHeadReader::begin()`.
struct ResponseHead {
    int status = 0; ///< from 200 to 999
    /// The connection can be used again after the body: according to version and Connection header
    /// (RFC 9112, 9.3), and never with BodyEnd::close.
    bool keep_alive = false;
    BodyEnd body_end = BodyEnd::close;
    std::uint64_t content_length = 0; ///< bytes; only with BodyEnd::length
    // Header values without surrounding blanks; empty if absent, the first one if repeated.
    std::string_view content_type;
    std::string_view location;
    std::string_view server;
    std::string_view via;                             ///< X-Ringcast-Via
    std::string_view timestamp;                       ///< X-Timestamp
    std::string_view signal;                          ///< X-Ringcast-Signal
    std::string_view reason;                          ///< X-Ringcast-Reason
    std::optional<std::uint32_t> retry_after_seconds; ///< only of the form that is a number
    /// The values of the first `challenge_count_max` WWW-Authenticate headers.
    std::span<const std::string_view> challenges;
};

class ResponseHeadReader {
public:
    /// Of all that precedes the body, 1xx answers included.
    static constexpr std::size_t head_bytes_max = 16384;
    static constexpr std::size_t header_count_max = 100;
    static constexpr std::size_t challenge_count_max = 16;

    ResponseHeadReader();
    ~ResponseHeadReader();
    ResponseHeadReader(const ResponseHeadReader&) = delete;
    ResponseHeadReader& operator=(const ResponseHeadReader&) = delete;
    ResponseHeadReader(ResponseHeadReader&&) = delete;
    ResponseHeadReader& operator=(ResponseHeadReader&&) = delete;

    /// The buffer for the next received bytes; not empty in state need_more.
    [[nodiscard]] ByteSpan free_space() noexcept;
    /// Parses `bytes` that were written to the beginning of `free_space()`. After an error, nothing
    /// more can be read.
    ParseState consume(std::size_t bytes) noexcept;
    [[nodiscard]] ParseState state() const noexcept { return state_; }
    /// True exactly when no byte was received since `begin()`.
    [[nodiscard]] bool idle() const noexcept { return received_ == 0; }
    /// Only in state complete.
    [[nodiscard]] const ResponseHead& head() const noexcept;
    /// The bytes received after the head; only in state complete. Valid until `begin()`.
    [[nodiscard]] ConstByteSpan rest() const noexcept;
    /// One line for an operator, a static string: "the answer is not HTTP". Only in state error.
    [[nodiscard]] std::string_view error() const noexcept;
    /// Drops everything and prepares for the next answer.
    void begin() noexcept;

private:
    struct Parser;
    enum class Expected : std::uint8_t { protocol, status_line, header };

    void begin_head() noexcept;
    void read(char c) noexcept;
    void check_protocol() noexcept;
    void begin_line(char first) noexcept;
    void finish_status_line(std::string_view line) noexcept;
    void finish_header(std::span<char> line) noexcept;
    void keep_header(std::string_view name, std::string_view value) noexcept;
    void read_content_length(std::string_view list) noexcept;
    void read_transfer_encoding(std::string_view list) noexcept;
    void finish_head() noexcept;
    void feed(std::string_view line) noexcept;
    void refuse(std::string_view text) noexcept;

    std::size_t received_ = 0;   ///< bytes in the buffer
    std::size_t scanned_ = 0;    ///< of these, bytes already read
    std::size_t line_begin_ = 0; ///< offset of the current line
    bool line_ended_ = false;    ///< but the next one may continue it
    Expected expected_ = Expected::protocol;
    ParseState state_ = ParseState::need_more;
    ResponseHead head_;
    std::string_view error_;
    std::unique_ptr<Parser> parser_;
    // The last member, so that a short head touches only the page that the other members are on.
    std::array<char, head_bytes_max> buffer_;
};

} // namespace ringcast::http
