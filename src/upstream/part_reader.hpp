#pragma once
// Reads the framing of a multipart body (RFC 2046, 5.1, as MJPEG servers write it): delimiters and
// the headers of parts. The caller reads the content of each part itself. Copies only the line that
// it is reading; no I/O.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/response_head.hpp"

namespace ringcast::upstream {

/// The headers of a part that matter to a viewer.
struct PartHead {
    std::optional<std::uint64_t> content_length;
    std::optional<WallTime> timestamp; ///< X-Timestamp, in seconds since 1970
    bool picture = true;               ///< Content-Type is an image's, or absent
    bool no_signal = false;            ///< X-Ringcast-Signal: none
    std::string reason;                ///< X-Ringcast-Reason
};

/// What the head of an answer says of the picture that is its whole body.
[[nodiscard]] PartHead picture_head(const http::ResponseHead& head);

class PartReader {
public:
    /// Longer lines are read, and cut.
    static constexpr std::size_t line_bytes_max = 256;
    /// Of the delimiter and the headers of one part, and of the preamble before the first one.
    static constexpr std::size_t head_bytes_max = 8192;

    enum class State : std::uint8_t {
        reading,
        part,      ///< the head of a part is complete: its content follows
        ended,     ///< by the last delimiter
        malformed, ///< something else than a delimiter: the framing can't be relied on
    };

    /// `boundary` as in the parameter of Content-Type; empty: unknown, so that every line that
    /// begins with "--" is a delimiter.
    void begin(std::string_view boundary);
    /// Reads up to the end of a part's head, and returns how many bytes were read. In state part,
    /// call `content_read` before the next call; in the last two states nothing more is read.
    [[nodiscard]] std::size_t read(ConstByteSpan bytes);
    /// The content of the part has been read.
    void content_read() noexcept;

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Only in state part.
    [[nodiscard]] const PartHead& head() const noexcept { return head_; }

private:
    enum class Expected : std::uint8_t { delimiter, header };
    enum class LengthSeen : std::uint8_t { none, valid, invalid };

    void finish_line();
    void finish_delimiter(std::string_view line);
    void finish_header(std::string_view line);
    void take_length(std::string_view value);

    std::string boundary_;
    State state_ = State::reading;
    Expected expected_ = Expected::delimiter;
    bool first_ = true; ///< no delimiter has been read yet
    std::array<char, line_bytes_max> line_{};
    std::size_t line_bytes_ = 0; ///< of the current line, also those that do not fit
    std::size_t head_bytes_ = 0;
    LengthSeen length_ = LengthSeen::none;
    PartHead head_;
};

} // namespace ringcast::upstream
