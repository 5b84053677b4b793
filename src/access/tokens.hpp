#pragma once
// Tokens that programs send in place of a name and password. Files contain their digests only. A
// token has 256 random bits, so a plain SHA-256 protects it as well as a slow hash would. No I/O
// except for random numbers.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/digest.hpp"
#include "base/result.hpp"

namespace ringcast::access {

/// Of a token that make_token() returns: 32 bytes in base64url.
inline constexpr std::size_t token_characters = 43;
/// Longer ones match no entry.
inline constexpr std::size_t token_characters_max = 256;

struct Token {
    std::string name;
    Digest digest{};                  ///< SHA-256 of the token's characters
    std::vector<std::string> streams; ///< that it admits to, at most 64; empty: all

    friend bool operator==(const Token&, const Token&) = default;
};

/// 1 to 1000 tokens with different names and digests, from lines NAME:SHA-256[:STREAM,STREAM...]
/// with the digest in hexadecimal digits; see read_entries() for the rest of the form. `file` is the
/// file's name in messages. The error names the line and what to do, and contains nothing of the
/// line. Streams need not exist.
[[nodiscard]] Result<std::vector<Token>> parse_tokens(std::string_view text, std::string_view file);

/// A new random token.
[[nodiscard]] Result<std::string> make_token();

/// As tokens files contain it.
[[nodiscard]] std::string token_digest(std::string_view token);

/// The entry of `token`, or nullptr. The time depends on the number of entries and the length of
/// `token` only.
[[nodiscard]] const Token* find_token(std::span<const Token> tokens,
                                      std::string_view token) noexcept;

} // namespace ringcast::access
