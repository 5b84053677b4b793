#include "os/datagram_socket.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/source_fixture.hpp"

namespace ringcast::os {
namespace {

UniqueFd receiver_at(const std::string& path) {
    UniqueFd receiver(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') {
        address.sun_path[0] = '\0';
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    REQUIRE(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    return receiver;
}

std::string next_datagram(const UniqueFd& receiver) {
    std::array<char, 256> buffer{};
    const ssize_t count = ::recv(receiver.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    REQUIRE(count >= 0);
    return {buffer.data(), static_cast<std::size_t>(count)};
}

} // namespace

TEST_CASE("datagrams arrive at a path or an abstract name, also after a restart of the receiver") {
    const test::TemporaryFolder folder;
    const std::string abstract = "@ringcast-test-" + std::to_string(::getpid());
    for (const std::string& address : {folder.path("socket"), abstract}) {
        CAPTURE(address);
        const auto socket = DatagramSocket::open(address);
        REQUIRE(socket.has_value());
        CHECK_FALSE(socket->send("nobody is there"));
        for (int restart = 0; restart < 2; ++restart) {
            const UniqueFd receiver = receiver_at(address);
            CHECK(socket->send("READY=1"));
            CHECK(next_datagram(receiver) == "READY=1");
            ::unlink(address.c_str());
        }
        CHECK_FALSE(socket->send("it is gone"));
    }
}

TEST_CASE("a receiver that does not read is not waited for") {
    const test::TemporaryFolder folder;
    const UniqueFd receiver = receiver_at(folder.path("socket"));
    const auto socket = DatagramSocket::open(folder.path("socket"));
    REQUIRE(socket.has_value());
    constexpr int sends_max = 100'000; // far beyond each queue
    int sends = 0;
    while (socket->send("x") && sends < sends_max) {
        ++sends;
    }
    CHECK(sends < sends_max);
    CHECK(next_datagram(receiver) == "x");
    CHECK(socket->send("there is room again"));
}

TEST_CASE("other addresses are an error") {
    for (const std::string& address : {std::string(), std::string("/"), std::string("relative"),
                                       std::string("vsock:2:1"), "/" + std::string(200, 'x')}) {
        CAPTURE(address);
        CHECK_FALSE(DatagramSocket::open(address).has_value());
    }
}

} // namespace ringcast::os
