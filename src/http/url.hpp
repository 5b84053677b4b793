#pragma once
// The address of another server: parsed, followed through redirects, and shown without its secrets.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ringcast::http {

/// An address of the form http://[USER[:PASSWORD]@]HOST[:PORT][/PATH][?QUERY].
struct Url {
    std::string host; ///< a name or an IPv4 address, or an IPv6 address in brackets
    std::uint16_t port = 80;
    std::string target = "/"; ///< path and query, as the request line has them
    std::string user;         ///< without escapes; empty: no credentials
    std::string password;     ///< without escapes

    friend bool operator==(const Url&, const Url&) = default;
};

/// The error says what is wrong and what to do, and contains no password.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

/// Where the answer of `from` redirects to: an absolute address, or one that is relative to `from`
/// (RFC 3986, 5.2). Credentials are kept where host and port stay the same, and dropped elsewhere.
[[nodiscard]] Result<Url> redirected(const Url& from, std::string_view location);

/// True for a path with an optional query, as a request line has it: "/stream?fps=5".
[[nodiscard]] bool is_target(std::string_view text) noexcept;

/// For the Host header: "192.0.2.10:8080"; without the port if that is 80.
[[nodiscard]] std::string authority(const Url& url);

/// For logs: without user, password, and the values of the query, which cameras use for passwords.
[[nodiscard]] std::string without_secrets(const Url& url);

} // namespace ringcast::http
