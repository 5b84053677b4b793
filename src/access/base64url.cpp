#include "access/base64url.hpp"

#include <cstdint>

namespace ringcast::access {

namespace {

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(base64url_alphabet.size() == 64);

constexpr unsigned bits_per_character = 6;
constexpr unsigned bits_per_byte = 8;

} // namespace

std::string base64url_encode(ConstByteSpan bytes) {
    std::string text;
    text.reserve(base64url_characters(bytes.size()));
    std::uint32_t pending = 0; // the lowest `pending_bits` bits are not yet encoded
    unsigned pending_bits = 0;
    for (const std::byte byte : bytes) {
        pending = pending << bits_per_byte | std::to_integer<std::uint32_t>(byte);
        pending_bits += bits_per_byte;
        while (pending_bits >= bits_per_character) {
            pending_bits -= bits_per_character;
            text.push_back(base64url_alphabet[pending >> pending_bits & 0x3FU]);
        }
    }
    if (pending_bits > 0) {
        text.push_back(base64url_alphabet[pending << (bits_per_character - pending_bits) & 0x3FU]);
    }
    return text;
}

std::optional<std::vector<std::byte>> base64url_decode(std::string_view text) {
    std::vector<std::byte> bytes;
    bytes.reserve(text.size() * bits_per_character / bits_per_byte);
    std::uint32_t pending = 0;
    unsigned pending_bits = 0;
    for (const char c : text) {
        const std::size_t value = base64url_alphabet.find(c);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        pending = pending << bits_per_character | static_cast<std::uint32_t>(value);
        pending_bits += bits_per_character;
        if (pending_bits >= bits_per_byte) {
            pending_bits -= bits_per_byte;
            bytes.push_back(static_cast<std::byte>(pending >> pending_bits & 0xFFU));
        }
    }
    const std::uint32_t unused = pending & ((1U << pending_bits) - 1);
    // Six pending bits are a character that contributes to no byte.
    if (pending_bits == bits_per_character || unused != 0) {
        return std::nullopt;
    }
    return bytes;
}

bool is_base64url(char c) noexcept {
    return base64url_alphabet.find(c) != std::string_view::npos;
}

} // namespace ringcast::access
