#include "access/digest.hpp"

#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.hpp"

namespace ringcast::access {

namespace {

unsigned char* openssl_bytes(Digest& digest) noexcept {
    return reinterpret_cast<unsigned char*>(digest.data());
}

} // namespace

// Every configuration of libcrypto provides SHA-256, FIPS mode included.

Digest sha256(ConstByteSpan data) {
    Digest digest{};
    const int done =
        EVP_Digest(data.data(), data.size(), openssl_bytes(digest), nullptr, EVP_sha256(), nullptr);
    RINGCAST_ASSERT(done == 1);
    return digest;
}

Digest hmac_sha256(ConstByteSpan key, ConstByteSpan data) {
    Digest digest{};
    const unsigned char* const done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                           reinterpret_cast<const unsigned char*>(data.data()),
                                           data.size(), openssl_bytes(digest), nullptr);
    RINGCAST_ASSERT(done != nullptr);
    return digest;
}

bool equal_in_constant_time(ConstByteSpan a, ConstByteSpan b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hexadecimal(const Digest& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * digest.size());
    for (const std::byte byte : digest) {
        const auto value = std::to_integer<unsigned>(byte);
        text.push_back(digits[value >> 4U]);
        text.push_back(digits[value & 0xFU]);
    }
    return text;
}

} // namespace ringcast::access
