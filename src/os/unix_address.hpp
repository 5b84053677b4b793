#pragma once
// Addresses of UNIX sockets, as the kernel takes them.

#include <cstring>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/assert.hpp"

namespace ringcast::os {

/// With a NUL behind it, which some programs expect.
[[nodiscard]] inline bool fits_unix_address(std::string_view path) noexcept {
    return path.size() < sizeof(sockaddr_un{}.sun_path);
}

/// `path` fits.
[[nodiscard]] inline sockaddr_un unix_address(std::string_view path) noexcept {
    RINGCAST_ASSERT(fits_unix_address(path));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

/// For the kernel's functions.
[[nodiscard]] inline const sockaddr* generic(const sockaddr_un& address) noexcept {
    return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace ringcast::os
