#pragma once
// What a request carries to prove who sends it: Basic (RFC 7617), Bearer (RFC 6750), or the parameter
// `token` of its URL. Only the form is checked here. No I/O.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ringcast::access {

/// A longer header is malformed.
inline constexpr std::size_t authorization_bytes_max = 1024;

struct NoCredentials {};
/// A scheme other than Basic and Bearer, or one of these in a wrong form.
struct MalformedCredentials {};

/// Memory of the password is overwritten when it is no longer needed.
class UserPassword {
public:
    /// `text`: "USER:PASSWORD", with a colon. Throws std::bad_alloc.
    explicit UserPassword(std::string text);
    UserPassword(const UserPassword&) = delete;
    UserPassword& operator=(const UserPassword&) = delete;
    UserPassword(UserPassword&& other) noexcept = default;
    UserPassword& operator=(UserPassword&& other) noexcept {
        text_.swap(other.text_);
        return *this;
    }
    ~UserPassword();

    [[nodiscard]] std::string_view user() const noexcept;
    [[nodiscard]] std::string_view password() const noexcept;

private:
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

    std::vector<char> text_; ///< not std::string, which leaves a short text behind when it is moved
};

/// A token or the text of a link.
struct BearerToken {
    std::string_view text;
};

using Credentials = std::variant<NoCredentials, MalformedCredentials, UserPassword, BearerToken>;

/// `authorization`: the header's value; empty if there is none. `token`: the parameter's value, which
/// counts before the header, because a proxy may send a header of its own; nothing without it.
/// A BearerToken points into the arguments.
[[nodiscard]] Credentials read_credentials(std::string_view authorization,
                                           std::optional<std::string_view> token);

} // namespace ringcast::access
