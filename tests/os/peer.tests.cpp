#include "os/peer.hpp"

#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.hpp"

using namespace ringcast;

namespace {

std::uint64_t network(const char* text) {
    sockaddr_storage storage{};
    if (std::strchr(text, ':') == nullptr) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        REQUIRE(::inet_pton(AF_INET, text, &address.sin_addr) == 1);
        std::memcpy(&storage, &address, sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        REQUIRE(::inet_pton(AF_INET6, text, &address.sin6_addr) == 1);
        std::memcpy(&storage, &address, sizeof address);
    }
    return os::network_of(storage);
}

} // namespace

TEST_CASE("the addresses of one /64 are one network, and each IPv4 address is one") {
    CHECK(network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    CHECK(network("192.0.2.7") == network("::ffff:192.0.2.7"));
    const std::vector<const char*> different{
        "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8::1", "fe80::1",   "::1",
        "192.0.2.7",       "192.0.2.8",       "193.0.2.7",   "127.0.0.1", "127.0.0.2"};
    for (const char* one : different) {
        for (const char* other : different) {
            INFO(one << " and " << other);
            CHECK((network(one) == network(other)) == (one == other));
        }
    }
}

TEST_CASE("all UNIX sockets are one network, and no IP address is in it") {
    int pair[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const UniqueFd one(pair[0]);
    const UniqueFd other(pair[1]);
    const std::uint64_t unix_network = os::describe_peer(one.get()).network;
    CHECK(unix_network == os::describe_peer(other.get()).network);
    for (const char* address : {"::", "::1", "0.0.0.1", "127.0.0.1"}) {
        CHECK(unix_network != network(address));
    }
}
