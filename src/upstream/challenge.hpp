#pragma once
// Reads the challenges of a 401 answer, the values of its WWW-Authenticate headers (RFC 9110,
// 11.6.1). Allocates: there is one 401 for many frames.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::upstream {

/// One challenge, without quotes and escapes. Parameters are empty if absent, the first one if
/// repeated; others than these are ignored.
struct Challenge {
    static constexpr std::size_t parameter_bytes_max = 1024;

    std::string scheme; ///< in lower case: "digest"
    std::string realm;
    std::string nonce;
    std::string opaque;
    std::string algorithm;
    std::string qop;
    std::string stale;
    /// One of these parameters has control characters or is longer than `parameter_bytes_max`; it
    /// is empty then.
    bool malformed = false;
};

/// Takes the challenges out of a header value one by one. Servers write commas between parameters or
/// only blanks; whatever is neither a scheme nor a parameter is skipped.
class ChallengeReader {
public:
    /// `text` is read while this object is used.
    explicit ChallengeReader(std::string_view text) noexcept : text_(text) {}
    /// Nothing at the end.
    [[nodiscard]] std::optional<Challenge> next();

private:
    [[nodiscard]] std::string_view peek_token() const noexcept;
    [[nodiscard]] bool parameter_follows() const noexcept;
    void skip(std::string_view characters) noexcept;
    void skip_to_comma() noexcept;
    void read_parameter(Challenge& challenge);

    std::string_view text_;
};

} // namespace ringcast::upstream
