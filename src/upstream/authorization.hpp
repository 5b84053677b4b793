#pragma once
// Answers HTTP authentication challenges: Basic (RFC 7617) and Digest (RFC 7616: MD5, SHA-256 and
// their -sess forms with qop=auth, or the form of RFC 2069 without qop). Knows no sockets.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "upstream/challenge.hpp"

namespace ringcast::upstream {

/// 128 random bits as hexadecimal digits.
[[nodiscard]] std::string random_cnonce();

/// The credentials for one server, and the challenge that they are to answer. Secrets are wiped from
/// memory in the end, except from the values that `header()` returned.
class Authorization {
public:
    enum class Outcome : std::uint8_t {
        accepted,    ///< send the request again, with `header()`
        unsupported, ///< no challenge has a supported scheme and algorithm
        /// The server has rejected the credentials: they were sent for the last challenge, and it
        /// was not outdated.
        refused,
    };

    /// `user` contains neither a colon, which would end it in both schemes, nor control characters:
    /// http::parse_url rejects them. `make_cnonce` is called once for each Digest challenge.
    Authorization(std::string user, std::string password,
                  std::string (*make_cnonce)() = random_cnonce);
    ~Authorization();
    Authorization(const Authorization&) = delete;
    Authorization& operator=(const Authorization&) = delete;
    Authorization(Authorization&&) = delete;
    Authorization& operator=(Authorization&&) = delete;

    /// Takes the challenges of a 401, the values of its WWW-Authenticate headers, each of which may
    /// contain several. Prefers Digest with SHA-256 to Digest with MD5 to Basic. Unless it returns
    /// `accepted`, no challenge is kept and `header()` is empty.
    ///
    /// A Digest challenge is outdated if the server says so (stale=true), but not twice in a row at
    /// the first request; or if a request before the last one was made with it, and therefore
    /// accepted: not all servers say that a nonce expired.
    [[nodiscard]] Outcome take(std::span<const std::string_view> challenges);
    /// The value of the Authorization header for the next request, whose `target` is as in the
    /// request line. Empty before a challenge was taken: credentials are not sent unasked. Each call
    /// counts as a request (nc).
    [[nodiscard]] std::string header(std::string_view method, std::string_view target);

private:
    /// Supported schemes and algorithms, in order of preference.
    enum class Scheme : std::uint8_t { none, basic, digest_md5, digest_sha256 };

    [[nodiscard]] static Scheme scheme_of(const Challenge& challenge);
    [[nodiscard]] static std::string hash(Scheme scheme, std::string_view text);
    [[nodiscard]] bool outdated(const Challenge& next) const;
    [[nodiscard]] std::string digest_key() const;
    [[nodiscard]] std::string basic_header() const;
    [[nodiscard]] std::string digest_header(std::string_view method, std::string_view target) const;
    void forget_challenge();

    std::string user_;
    std::string password_;
    std::string (*make_cnonce_)();
    Scheme scheme_ = Scheme::none; ///< of `challenge_`
    Challenge challenge_;
    std::string cnonce_; ///< the same for all requests, because the keys of -sess depend on it
    std::string key_;    ///< H(A1) of Digest
    std::uint64_t requests_ = 0; ///< that `header()` made for `challenge_`
    bool renewed_ = false;       ///< `challenge_` replaced one that was outdated at its first use
};

} // namespace ringcast::upstream
