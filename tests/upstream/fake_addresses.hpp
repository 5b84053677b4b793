#pragma once
// Addresses for tests that connect to nothing: of a family, with a number by which they are told
// apart.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <sys/socket.h>

#include "io/engine.hpp"

namespace ringcast::test {

inline io::SocketAddress fake_address(std::uint16_t family, std::uint8_t number) {
    io::SocketAddress address;
    std::memcpy(address.bytes.data(), &family, sizeof family);
    address.bytes[sizeof family] = std::byte{number};
    address.length = sizeof family + 1;
    if (family == AF_UNIX) {
        address.transport = io::Transport::unix_socket;
    }
    return address;
}
inline std::uint8_t number_of(const io::SocketAddress& address) {
    return std::to_integer<std::uint8_t>(address.bytes[sizeof(std::uint16_t)]);
}

} // namespace ringcast::test
