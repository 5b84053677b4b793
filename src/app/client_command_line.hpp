#pragma once
// Parses the arguments of `ringcast health` and `ringcast top`, which ask a running server. Looks at
// no file.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "app/command_line.hpp"
#include "app/public_url.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// Where the server may be reached.
struct ServerChoice {
    std::string config;                        ///< --config; empty: none
    std::vector<config::ListenAddress> listen; ///< --listen; they replace those of `config`
};

struct HealthCommand {
    std::string stream; ///< empty: only whether the server runs
    ServerChoice server;
};

struct TopCommand {
    std::optional<PublicUrl> url; ///< of the server's root; without it, `server` counts
    ServerChoice server;
};

using ClientCommand = std::variant<HealthCommand, TopCommand>;

inline constexpr std::string_view health_word = "health";
inline constexpr std::string_view top_word = "top";
inline constexpr std::array client_words{health_word, top_word};

[[nodiscard]] bool is_client_word(std::string_view word) noexcept;
/// True when the first argument is one of `client_words`. `arguments` begin with the program's name.
[[nodiscard]] bool is_client_command(std::span<const char* const> arguments) noexcept;

/// Messages do not repeat a URL, which may contain a password.
[[nodiscard]] tl::expected<ClientCommand, EarlyExit>
parse_client_command(std::span<const char* const> arguments);

} // namespace ringcast::app
