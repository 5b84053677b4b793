#pragma once
// Reads request heads from a byte stream: strict, bounded, without allocation after construction.
// Knows no sockets: the caller receives into `free_space()` and says how many bytes came.
//
// The outcome is a function of the bytes alone, never of how they were cut into receives: each byte
// is checked as it comes, and llhttp is given whole lines.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::http {

enum class Method : std::uint8_t { get, head, options };

/// A complete head. The views point into the reader and die with its next `next()`.
struct Request {
    Method method = Method::get;
    /// "/", "/printer/stream", or "*" (OPTIONS only); still percent-encoded. The scheme and
    /// authority of an absolute-form target are gone.
    std::string_view path;
    std::string_view query;  ///< what follows the first '?', still encoded; empty without one
    bool http_1_0 = false;   ///< else HTTP/1.1
    bool keep_alive = false; ///< as version and Connection header say
    // Headers, without surrounding blanks; empty when absent, the first one when repeated.
    std::string_view host;
    std::string_view accept;
    std::string_view origin;
    std::string_view user_agent;
    std::string_view access_control_request_method;
};

/// Why a head was refused: answer with it and close.
struct RequestError {
    int status = 400;      ///< 400, 405, 413, 414, 431 or 505
    std::string_view text; ///< one line for a person; static
};

enum class ParseState : std::uint8_t { need_more, complete, error };

class RequestReader {
public:
    static constexpr std::size_t head_bytes_max = 8192;
    static constexpr std::size_t target_bytes_max = 2048;
    static constexpr std::size_t header_count_max = 64;

    RequestReader();
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;
    RequestReader(RequestReader&&) = delete;
    RequestReader& operator=(RequestReader&&) = delete;

    /// Where the next received bytes go; never empty while more are needed.
    [[nodiscard]] ByteSpan free_space() noexcept;
    /// `bytes` more have been written to the beginning of `free_space()`. What lies behind a
    /// complete head is kept for `next()`. After an error only the destructor is left.
    ParseState consume(std::size_t bytes) noexcept;
    /// Forgets the complete head and goes on with what was pipelined behind it, so that the next
    /// head may be complete at once.
    ParseState next() noexcept;

    [[nodiscard]] ParseState state() const noexcept { return state_; }
    /// True exactly when not one byte of the next head has come: the keep-alive time-out applies,
    /// not the one for heads.
    [[nodiscard]] bool idle() const noexcept { return received_ == 0; }
    /// Only when complete.
    [[nodiscard]] const Request& request() const noexcept;
    /// Only after an error.
    [[nodiscard]] const RequestError& error() const noexcept;

private:
    struct Parser;
    enum class Line : std::uint8_t { request, header };

    ParseState scan() noexcept;
    void finish_line(std::string_view line) noexcept;
    void finish_request_line(std::string_view line) noexcept;
    void finish_header(std::string_view line) noexcept;
    void finish_head(std::string_view line) noexcept;
    void split_target(std::string_view target) noexcept;
    void feed(std::string_view line) noexcept;
    void refuse(int status, std::string_view text) noexcept;

    std::size_t received_ = 0;   ///< bytes in the buffer
    std::size_t scanned_ = 0;    ///< of these, checked
    std::size_t line_begin_ = 0; ///< where the line under way begins
    std::size_t header_count_ = 0;
    Line expected_line_ = Line::request;
    ParseState state_ = ParseState::need_more;
    Request request_;
    RequestError error_;
    std::unique_ptr<Parser> parser_;
    // The last member, so that most heads need only the pages that the others are on.
    std::array<char, head_bytes_max> buffer_;
};

} // namespace ringcast::http
