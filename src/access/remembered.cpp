#include "access/remembered.hpp"

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

bool Remembered::use(const Digest& fingerprint, Instant now) {
    const auto* const entry = table_.find(fingerprint);
    if (entry == nullptr || now - entry->at >= remembered_for) {
        return false;
    }
    add(fingerprint, now);
    return true;
}

} // namespace ringcast::access
