#include "app/passed_listeners.hpp"

#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "config/listen_address.hpp"
#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A socket as the service manager would open it: on a port of loopback that the kernel chooses.
PassedSocket tcp_socket(const std::string& name, bool listening = true) {
    PassedSocket passed{UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), name};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(passed.fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    if (listening) {
        REQUIRE(::listen(passed.fd.get(), 1) == 0);
    }
    return passed;
}

PassedSocket unix_socket(const std::string& name, const std::string& path) {
    PassedSocket passed{UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), name};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(passed.fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    REQUIRE(::listen(passed.fd.get(), 1) == 0);
    return passed;
}

template <typename... Sockets>
std::vector<PassedSocket> sockets(Sockets... each) {
    std::vector<PassedSocket> all;
    (all.push_back(std::move(each)), ...);
    return all;
}

config::ListenConfig listen_on(const std::string& address) {
    return {config::parse_listen_address(address).value()};
}

} // namespace

TEST_CASE("a passed socket has the options of a listener and the address that it is bound to") {
    const test::TemporaryFolder folder;
    const auto listeners = passed_listeners(
        sockets(tcp_socket("web"), unix_socket("proxy", folder.path("socket"))), 10s);
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 2);
    const Listener& web = listeners->front();
    CHECK(web.passed);
    const auto& tcp = std::get<config::ListenTcp>(web.address);
    CHECK(tcp.host == "127.0.0.1");
    CHECK(tcp.port != 0);
    int lowat = 0;
    socklen_t length = sizeof lowat;
    REQUIRE(::getsockopt(web.fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, &length) == 0);
    CHECK(lowat == 16 * 1024);
    CHECK(std::get<config::ListenUnix>(listeners->back().address).path == folder.path("socket"));
}

TEST_CASE("a passed socket that takes no connections is refused, with the line to write") {
    const auto listeners = passed_listeners(sockets(tcp_socket("web", false)), 10s);
    REQUIRE_FALSE(listeners.has_value());
    CHECK_THAT(listeners.error().message, ContainsSubstring("the socket web ") &&
                                              ContainsSubstring("ListenStream= and Accept=no"));
}

TEST_CASE(
    "passed sockets serve the addresses that name them or that they have, and others follow") {
    const test::TemporaryFolder folder;
    auto passed =
        passed_listeners(sockets(tcp_socket("web"), tcp_socket("other"), tcp_socket("web"),
                                 unix_socket("", folder.path("socket"))),
                         10s);
    REQUIRE(passed.has_value());
    const std::vector<int> fds{passed->at(0).fd.get(), passed->at(1).fd.get(),
                               passed->at(2).fd.get(), passed->at(3).fd.get()};
    std::vector<config::ListenConfig> listen{listen_on("unix:" + folder.path("socket")),
                                             listen_on("127.0.0.1:0"), listen_on("systemd:web")};
    listen.back().open = true;
    const auto listeners = open_listeners(listen, 10s, {}, std::move(*passed));
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 5);
    CHECK(listeners->at(0).fd.get() == fds[3]);
    CHECK_FALSE(listeners->at(1).passed);
    CHECK(listeners->at(2).fd.get() == fds[0]);
    CHECK(listeners->at(2).open);
    CHECK(listeners->at(3).fd.get() == fds[2]);
    CHECK(listeners->at(3).open);
    CHECK(listeners->at(4).fd.get() == fds[1]);
    CHECK_FALSE(listeners->at(4).open);
}

TEST_CASE("a socket of another name is not found, and the error lists those that are there") {
    auto passed = passed_listeners(sockets(tcp_socket("web"), tcp_socket("proxy")), 10s);
    REQUIRE(passed.has_value());
    const std::vector<config::ListenConfig> listen{listen_on("systemd:wep")};
    CHECK_THAT(open_listeners(listen, 10s, {}, std::move(*passed)).error().message,
               ContainsSubstring("can't listen on systemd:wep: ") &&
                   ContainsSubstring("are called web, proxy"));
    CHECK_THAT(open_listeners(listen, 10s).error().message,
               ContainsSubstring("no socket has been passed"));
}

TEST_CASE("a passed socket stays open for connections when the server stops") {
    auto passed = passed_listeners(sockets(tcp_socket("web")), 10s);
    REQUIRE(passed.has_value());
    stop_listening(*passed);
    const auto& tcp = std::get<config::ListenTcp>(passed->front().address);
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(tcp.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
}
