#pragma once
// What a request carries to prove who sends it: Basic (RFC 7617), Bearer (RFC 6750), or the parameter
// `token` of its URL. Only the form is checked here. No I/O.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ringcast::access {

/// A longer header is malformed.
inline constexpr std::size_t authorization_bytes_max = 1024;

struct NoCredentials {};
/// A scheme other than Basic and Bearer, or one of these in a wrong form.
struct MalformedCredentials {};

/// Memory of the password is overwritten when it is no longer needed.
class UserPassword {
public:
    /// `text`: "USER:PASSWORD", with a colon.
    explicit UserPassword(std::string text) noexcept : text_(std::move(text)) {}
    UserPassword(const UserPassword&) = delete;
    UserPassword& operator=(const UserPassword&) = delete;
    UserPassword(UserPassword&& other) noexcept;
    UserPassword& operator=(UserPassword&& other) noexcept;
    ~UserPassword();

    [[nodiscard]] std::string_view user() const noexcept;
    [[nodiscard]] std::string_view password() const noexcept;

private:
    void cleanse() noexcept;

    std::string text_;
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
