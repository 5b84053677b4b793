#pragma once
// The URL by which viewers reach a server, maybe through a proxy: http:// or https://, its secrets
// apart from the rest. Its source file uses libcurl's parser. No I/O.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ringcast::app {

struct PublicUrl {
    std::string address; ///< all of it but user and password
    std::string shown;   ///< for messages: without query too, which may contain a token
    std::string host;    ///< a name or an address, IPv6 in brackets
    std::string path;    ///< begins with a slash
    std::string query;   ///< without the question mark; may be empty
    bool https = false;
    std::string user; ///< without escapes; empty: no credentials
    std::string password;

    /// A user, or a token in the query.
    [[nodiscard]] bool has_credentials() const;
};

/// The error does not repeat the text, which may contain a password.
[[nodiscard]] Result<PublicUrl> parse_public_url(std::string_view text);

/// True if `to` is `from` over TLS, and nothing else.
[[nodiscard]] bool only_adds_tls(const PublicUrl& from, const PublicUrl& to) noexcept;

} // namespace ringcast::app
