#pragma once
// Passwords and their hashes in the form of crypt(5). The only module with <crypt.h>. No I/O except
// for random numbers.
//
// A hash takes from milliseconds to seconds to compute, so nothing here may run on the loop.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ringcast::access {

/// libxcrypt takes one byte less than CRYPT_MAX_PASSPHRASE_SIZE (512).
inline constexpr std::size_t password_bytes_max = 511;

/// Why `hash` is not accepted; empty if it is. Contains no part of `hash`. Accepted are yescrypt
/// ($y$), bcrypt ($2a$, $2b$, $2y$), SHA-512 ($6$) and SHA-256 ($5$), complete and with a cost that
/// takes at most some seconds.
[[nodiscard]] std::string hash_problem(std::string_view hash);

/// True exactly when `hash` is accepted and was made from `password`. The comparison takes constant
/// time. False for passwords that are empty, too long, or contain a null character, at which C's
/// strings end. bcrypt ignores all but the first 72 bytes.
[[nodiscard]] bool verify_password(std::string_view password, std::string_view hash);

/// A yescrypt hash with libxcrypt's default cost and a random salt. The error is about the
/// password: 1 to 511 bytes without null characters are expected.
[[nodiscard]] Result<std::string> make_password_hash(std::string_view password);

} // namespace ringcast::access
