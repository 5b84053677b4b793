#include "upstream/authorization.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "base/assert.hpp"
#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"

namespace ringcast::upstream {
namespace {

constexpr std::string_view session_suffix = "-sess";

std::string hexadecimal(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const unsigned char byte : bytes) {
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 0xFU]);
    }
    return text;
}

/// Three parts with colons between them. Some are secret, so there are no intermediate copies, which
/// could not be wiped.
std::string joined(std::string_view first, std::string_view second, std::string_view third) {
    std::string text;
    text.reserve(first.size() + second.size() + third.size() + 2);
    text.append(first).append(":").append(second).append(":").append(third);
    return text;
}

void wipe(std::string& secret) {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

/// As a quoted string (RFC 9110, 5.6.4).
std::string quoted_string(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result.push_back('\\');
        }
        result.push_back(c);
    }
    result.push_back('"');
    return result;
}

bool is_session(std::string_view algorithm) {
    return algorithm.size() > session_suffix.size() &&
           http::equal_ignoring_case(algorithm.substr(algorithm.size() - session_suffix.size()),
                                     session_suffix);
}

/// True exactly when the list of `qop` contains "auth".
bool offers_auth(std::string_view qop) {
    bool found = false;
    http::for_each_element(qop, [&found](std::string_view element) {
        found = found || http::equal_ignoring_case(element, "auth");
    });
    return found;
}

} // namespace

std::string random_cnonce() {
    std::array<unsigned char, 16> bits{};
    // Up to 256 bytes are never cut short (getrandom(2)), and the server used getrandom at its start.
    const bool filled =
        ::getrandom(bits.data(), bits.size(), 0) == static_cast<ssize_t>(bits.size());
    RINGCAST_ASSERT(filled);
    return hexadecimal(bits);
}

Authorization::Authorization(std::string user, std::string password, std::string (*make_cnonce)())
    : user_(std::move(user)), password_(password), make_cnonce_(make_cnonce) {
    RINGCAST_ASSERT(user_.find(':') == std::string::npos);
    RINGCAST_ASSERT(std::none_of(user_.begin(), user_.end(), http::is_control_character));
    // Copied, not moved: moving a short string leaves its text behind.
    wipe(password);
}

Authorization::~Authorization() {
    wipe(password_);
    wipe(key_);
}

Authorization::Outcome Authorization::take(std::span<const std::string_view> challenges) {
    Challenge best;
    Scheme best_scheme = Scheme::none;
    for (const std::string_view text : challenges) {
        ChallengeReader reader(text);
        while (auto challenge = reader.next()) {
            const Scheme scheme = scheme_of(*challenge);
            if (scheme > best_scheme) {
                best_scheme = scheme;
                best = std::move(*challenge);
            }
        }
    }
    const bool sent = requests_ > 0;
    if (best_scheme == Scheme::none || (sent && !outdated(best))) {
        forget_challenge();
        return sent ? Outcome::refused : Outcome::unsupported;
    }
    renewed_ = requests_ == 1;
    requests_ = 0;
    challenge_ = std::move(best);
    scheme_ = best_scheme;
    if (scheme_ != Scheme::basic) {
        cnonce_ = make_cnonce_();
        wipe(key_);
        key_ = digest_key();
    }
    return Outcome::accepted;
}

std::string Authorization::header(std::string_view method, std::string_view target) {
    if (scheme_ == Scheme::none) {
        return {};
    }
    ++requests_;
    return scheme_ == Scheme::basic ? basic_header() : digest_header(method, target);
}

Authorization::Scheme Authorization::scheme_of(const Challenge& challenge) {
    if (challenge.malformed) {
        return Scheme::none;
    }
    if (challenge.scheme == "basic") {
        return Scheme::basic;
    }
    const bool session = is_session(challenge.algorithm);
    // RFC 2069 has no cnonce, which the key of a session depends on.
    if (challenge.scheme != "digest" || challenge.nonce.empty() ||
        (challenge.qop.empty() ? session : !offers_auth(challenge.qop))) {
        return Scheme::none;
    }
    std::string_view algorithm = challenge.algorithm;
    algorithm.remove_suffix(session ? session_suffix.size() : 0);
    Scheme scheme = Scheme::none;
    if (algorithm.empty() || http::equal_ignoring_case(algorithm, "MD5")) {
        scheme = Scheme::digest_md5;
    } else if (http::equal_ignoring_case(algorithm, "SHA-256")) {
        scheme = Scheme::digest_sha256;
    }
    // A system may be configured to provide no MD5.
    return scheme == Scheme::none || hash(scheme, "").empty() ? Scheme::none : scheme;
}

/// In hexadecimal; empty if the system does not provide the algorithm.
std::string Authorization::hash(Scheme scheme, std::string_view text) {
    const EVP_MD* const algorithm = scheme == Scheme::digest_md5 ? EVP_md5() : EVP_sha256();
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int bytes = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &bytes, algorithm, nullptr) != 1) {
        return {};
    }
    return hexadecimal(std::span(digest).first(bytes));
}

bool Authorization::outdated(const Challenge& next) const {
    if (scheme_ == Scheme::basic) {
        return false;
    }
    return requests_ > 1 || (http::equal_ignoring_case(next.stale, "true") && !renewed_);
}

// RFC 7616, 3.4.2.
std::string Authorization::digest_key() const {
    std::string secret = joined(user_, challenge_.realm, password_);
    std::string key = hash(scheme_, secret);
    wipe(secret);
    if (is_session(challenge_.algorithm)) {
        secret = joined(key, challenge_.nonce, cnonce_);
        wipe(key);
        key = hash(scheme_, secret);
        wipe(secret);
    }
    return key;
}

std::string Authorization::basic_header() const {
    std::string plain;
    plain.reserve(user_.size() + password_.size() + 1);
    plain.append(user_).append(":").append(password_);
    // EVP_EncodeBlock ends its text with a null character.
    std::vector<unsigned char> encoded(4 * ((plain.size() + 2) / 3) + 1);
    EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(plain.data()),
                    static_cast<int>(plain.size()));
    wipe(plain);
    std::string value = "Basic ";
    value.append(encoded.begin(), encoded.end() - 1);
    OPENSSL_cleanse(encoded.data(), encoded.size());
    return value;
}

// RFC 7616, 3.4; without qop RFC 2069, 2.1.2.
std::string Authorization::digest_header(std::string_view method, std::string_view target) const {
    const std::string count = fmt::format("{:08x}", requests_);
    const std::string request_hash = hash(scheme_, fmt::format("{}:{}", method, target));
    const bool with_qop = !challenge_.qop.empty();
    std::string secret = with_qop
                             ? joined(key_, challenge_.nonce,
                                      fmt::format("{}:{}:auth:{}", count, cnonce_, request_hash))
                             : joined(key_, challenge_.nonce, request_hash);
    std::string value =
        fmt::format("Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\"",
                    quoted_string(user_), quoted_string(challenge_.realm),
                    quoted_string(challenge_.nonce), quoted_string(target), hash(scheme_, secret));
    wipe(secret);
    // Servers of before RFC 2617 may not know the others.
    if (!challenge_.algorithm.empty()) {
        value.append(", algorithm=").append(challenge_.algorithm);
    }
    if (!challenge_.opaque.empty()) {
        value.append(", opaque=").append(quoted_string(challenge_.opaque));
    }
    if (with_qop) {
        value.append(fmt::format(", qop=auth, nc={}, cnonce={}", count, quoted_string(cnonce_)));
    }
    return value;
}

void Authorization::forget_challenge() {
    wipe(key_);
    scheme_ = Scheme::none;
    challenge_ = {};
    cnonce_.clear();
    requests_ = 0;
    renewed_ = false;
}

} // namespace ringcast::upstream
