#pragma once
// Parses the arguments of `ringcast passwd`, `token` and `link`. Looks at no file.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "access/link.hpp"
#include "app/command_line.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// Which file of users or tokens is meant.
struct AccessFileChoice {
    std::string file;   ///< --file; empty: that of the configuration
    std::string config; ///< --config; empty: the usual one
};

struct PasswdCommand {
    std::string name; ///< see access::is_user_name()
    AccessFileChoice choice;
    bool remove = false;
};

struct TokenCommand {
    std::string name;
    AccessFileChoice choice;
    std::vector<std::string> streams; ///< with different names; empty: all, or as before
    bool replace = false;
    bool remove = false;
};

struct LinkCommand {
    std::string config; ///< empty: the usual one
    bool revoke_all = false;
    // Without `revoke_all`:
    std::string stream;
    Duration duration{}; ///< 1 s to 365 days
    access::LinkKind kind = access::LinkKind::stream_and_snapshot;
    std::uint32_t millifps = 0; ///< 0: no limit
    std::string base;           ///< ends in a slash; empty: the first address of the configuration
};

using AccessCommand = std::variant<PasswdCommand, TokenCommand, LinkCommand>;

inline constexpr std::string_view passwd_word = "passwd";
inline constexpr std::string_view token_word = "token";
inline constexpr std::string_view link_word = "link";
inline constexpr std::array access_words{passwd_word, token_word, link_word};

[[nodiscard]] bool is_access_word(std::string_view word) noexcept;
/// True when the first argument is one of `access_words`. `arguments` begin with the program's name.
[[nodiscard]] bool is_access_command(std::span<const char* const> arguments) noexcept;

/// Messages repeat no argument that could be a secret in the wrong place.
[[nodiscard]] tl::expected<AccessCommand, EarlyExit>
parse_access_command(std::span<const char* const> arguments);

} // namespace ringcast::app
