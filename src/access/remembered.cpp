#include "access/remembered.hpp"

#include <algorithm>
#include <string>

#include <openssl/crypto.h>

#include "base/bytes.hpp"

namespace ringcast::access {

Digest Remembered::fingerprint(std::string_view user, std::string_view password,
                               std::string_view hash) const {
    // A hash contains no null character, and a user name no colon.
    std::string text;
    text.reserve(user.size() + password.size() + hash.size() + 2);
    text.append(hash).append(1, '\0').append(user).append(1, ':').append(password);
    const Digest digest = hmac_sha256(key_, as_bytes(text));
    OPENSSL_cleanse(text.data(), text.size());
    return digest;
}

void Remembered::forget(const Digest& fingerprint) noexcept {
    const auto found = last_used_.find(fingerprint);
    if (found == last_used_.end()) {
        return;
    }
    const auto [first, last] = by_time_.equal_range(found->second);
    by_time_.erase(std::find_if(
        first, last, [&fingerprint](const auto& entry) { return entry.second == fingerprint; }));
    last_used_.erase(found);
}

void Remembered::add(const Digest& fingerprint, Instant now) {
    forget(fingerprint);
    while (by_time_.size() >= passwords_max) {
        last_used_.erase(by_time_.begin()->second);
        by_time_.erase(by_time_.begin());
    }
    const auto timed = by_time_.emplace(now, fingerprint);
    try {
        last_used_.emplace(fingerprint, now);
    } catch (...) {
        by_time_.erase(timed);
        throw;
    }
}

bool Remembered::use(const Digest& fingerprint, Instant now) {
    const auto found = last_used_.find(fingerprint);
    if (found == last_used_.end() || now - found->second >= remembered_for) {
        return false;
    }
    add(fingerprint, now);
    return true;
}

} // namespace ringcast::access
