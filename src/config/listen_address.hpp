#pragma once
// Addresses to listen on, in the syntax of the configuration and --listen. Resolves no names.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::config {

/// The syntax that parse_listen_address accepts, for error messages.
inline constexpr std::string_view listen_address_expected =
    R"("HOST:PORT", ":PORT" (every address, IPv4 and IPv6), "[IPV6]:PORT", "unix:/PATH" or )"
    R"("systemd:NAME")";

/// The error says what is wrong with `text`, without repeating it. Port 0 lets the kernel choose
/// one.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

/// The inverse of parse_listen_address.
[[nodiscard]] std::string listen_address_text(const ListenAddress& address);

/// True when it is certain that only programs on this machine can reach the address: 127.0.0.0/8,
/// ::1, "localhost" or a UNIX socket.
[[nodiscard]] bool is_local(const ListenAddress& address) noexcept;

/// True for ":PORT", "0.0.0.0:PORT" and "[::]:PORT".
[[nodiscard]] bool is_wildcard(const ListenAddress& address) noexcept;

} // namespace ringcast::config
