#include "access/users_file.hpp"

#include <fmt/core.h>

#include "access/entries.hpp"
#include "access/password_hash.hpp"

namespace ringcast::access {

Result<std::vector<User>> parse_users(std::string_view text, std::string_view file) {
    const auto entries = read_entries(text, file, "NAME:HASH");
    if (!entries) {
        return tl::unexpected<Error>(entries.error());
    }
    std::vector<User> users;
    users.reserve(entries->size());
    for (const Entry& entry : *entries) {
        if (const std::string problem = hash_problem(entry.value); !problem.empty()) {
            return fail(fmt::format("{}:{}: {}: run htpasswd -B {} {}, or ringcast passwd {}", file,
                                    entry.line, problem, file, entry.name, entry.name));
        }
        users.push_back({std::string(entry.name), std::string(entry.value)});
    }
    return users;
}

} // namespace ringcast::access
