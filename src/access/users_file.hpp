#pragma once
// Users and the hashes of their passwords, in the form that htpasswd writes. No I/O.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ringcast::access {

struct User {
    std::string name;
    std::string hash; ///< accepted by verify_password()

    friend bool operator==(const User&, const User&) = default;
};

/// 1 to 1000 users with different names, from lines NAME:HASH; see read_entries() for the rest of
/// the form. `file` is the file's name in messages. The error names the line and what to do, and
/// contains no part of a hash.
[[nodiscard]] Result<std::vector<User>> parse_users(std::string_view text, std::string_view file);

} // namespace ringcast::access
