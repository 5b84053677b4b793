#include "access/credentials.hpp"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>

#include "access/base64url.hpp"
#include "base/bytes.hpp"
#include "http/letter_case.hpp"

namespace ringcast::access {

namespace {

constexpr char user_end = ':';

/// The bytes of standard base64 (RFC 4648, section 4), with or without padding.
std::optional<std::string> decode_base64(std::string_view text) {
    const std::size_t end = text.find_last_not_of('=');
    const std::size_t length = end == std::string_view::npos ? 0 : end + 1;
    if (text.size() - length > 2) {
        return std::nullopt;
    }
    std::string url_text(text.substr(0, length));
    if (url_text.find_first_of("-_") != std::string::npos) {
        return std::nullopt;
    }
    std::ranges::replace(url_text, '+', '-');
    std::ranges::replace(url_text, '/', '_');
    auto bytes = base64url_decode(url_text);
    std::optional<std::string> decoded;
    if (bytes) {
        decoded.emplace(as_text(*bytes));
        OPENSSL_cleanse(bytes->data(), bytes->size());
    }
    OPENSSL_cleanse(url_text.data(), url_text.size());
    return decoded;
}

Credentials read_basic(std::string_view parameter) {
    auto text = decode_base64(parameter);
    if (!text || text->find(user_end) == std::string::npos) {
        return MalformedCredentials{};
    }
    return UserPassword(std::move(*text));
}

} // namespace

UserPassword::UserPassword(std::string text) : text_(text.begin(), text.end()) {
    OPENSSL_cleanse(text.data(), text.size());
}

UserPassword::~UserPassword() {
    OPENSSL_cleanse(text_.data(), text_.size());
}

std::string_view UserPassword::user() const noexcept {
    return text().substr(0, text().find(user_end));
}

std::string_view UserPassword::password() const noexcept {
    return text().substr(std::min(text().size(), text().find(user_end) + 1));
}

Credentials read_credentials(std::string_view authorization,
                             std::optional<std::string_view> token) {
    if (token) {
        return BearerToken{*token};
    }
    if (authorization.empty()) {
        return NoCredentials{};
    }
    const std::size_t space = authorization.find(' ');
    if (space == std::string_view::npos || authorization.size() > authorization_bytes_max) {
        return MalformedCredentials{};
    }
    const std::string_view scheme = authorization.substr(0, space);
    std::string_view parameter = authorization.substr(space);
    parameter.remove_prefix(std::min(parameter.find_first_not_of(' '), parameter.size()));
    if (http::equal_ignoring_case(scheme, "basic")) {
        return read_basic(parameter);
    }
    if (http::equal_ignoring_case(scheme, "bearer") && !parameter.empty()) {
        return BearerToken{parameter};
    }
    return MalformedCredentials{};
}

} // namespace ringcast::access
