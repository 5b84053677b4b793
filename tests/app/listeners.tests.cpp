#include "app/listeners.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/port_owner.hpp"
#include "config/listen_address.hpp"

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

Result<std::vector<Listener>> open(const std::vector<std::string>& texts) {
    std::vector<config::ListenConfig> addresses;
    for (const std::string& text : texts) {
        addresses.push_back({config::parse_listen_address(text).value()});
    }
    return open_listeners(addresses, 10s);
}

std::uint16_t port_of(const Listener& listener) {
    return std::get<config::ListenTcp>(listener.address).port;
}

/// 0, or the errno.
int connect_to_loopback(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? 0
               : errno;
}

int connect_to_unix(const std::string& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? 0
               : errno;
}

int option_of(int fd, int level, int option) {
    int value = -1;
    socklen_t length = sizeof value;
    REQUIRE(::getsockopt(fd, level, option, &value, &length) == 0);
    return value;
}

class Folder {
public:
    Folder() { std::filesystem::create_directory(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  ("ringcast-listeners-" + std::to_string(::getpid()));
};

} // namespace

TEST_CASE("a listener on loopback accepts connections at the port that the kernel chose") {
    const auto listeners = open({"127.0.0.1:0"});
    REQUIRE(listeners.has_value());
    REQUIRE(listeners->size() == 1);
    const Listener& listener = listeners->front();
    CHECK(std::get<config::ListenTcp>(listener.address).host == "127.0.0.1");
    REQUIRE(port_of(listener) != 0);
    CHECK(connect_to_loopback(port_of(listener)) == 0);
}

TEST_CASE("the file of a UNIX socket gets the configured permissions and group") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    const ::group* const own = ::getgrgid(::getgid());
    REQUIRE(own != nullptr);
    config::ListenConfig listen{config::ListenUnix{path}};
    listen.mode = 0606;
    listen.group = own->gr_name;
    const auto listeners = open_listeners(std::span(&listen, 1), 10s);
    REQUIRE(listeners.has_value());
    struct stat status{};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0606U);
    CHECK(status.st_gid == ::getgid());
}

TEST_CASE("a group that does not exist is an error, and no socket file stays behind") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    config::ListenConfig listen{config::ListenUnix{path}};
    listen.group = "no-such-group";
    const auto listeners = open_listeners(std::span(&listen, 1), 10s);
    REQUIRE_FALSE(listeners.has_value());
    CHECK_THAT(listeners.error().message, ContainsSubstring("there is no group no-such-group"));
    struct stat status{};
    CHECK(::lstat(path.c_str(), &status) != 0);
}

TEST_CASE("an accepted connection has the socket options for freshness and the stall time-out") {
    const auto listeners = open({"127.0.0.1:0"});
    REQUIRE(listeners.has_value());
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_of(listeners->front()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    const UniqueFd accepted(::accept(listeners->front().fd.get(), nullptr, nullptr));
    REQUIRE(accepted.valid());
    CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT) == 16 * 1024);
    CHECK(option_of(accepted.get(), SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_KEEPIDLE) == 30);
    CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_KEEPINTVL) == 10);
    CHECK(option_of(accepted.get(), IPPROTO_TCP, TCP_USER_TIMEOUT) == 15'000);
    linger lingering{};
    socklen_t length = sizeof lingering;
    REQUIRE(::getsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &lingering, &length) == 0);
    CHECK(lingering.l_onoff == 0);
    // The kernel tunes the send buffer until its size is set.
    const UniqueFd plain(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(option_of(listeners->front().fd.get(), SOL_SOCKET, SO_SNDBUF) ==
          option_of(plain.get(), SOL_SOCKET, SO_SNDBUF));
}

TEST_CASE("a port alone stands for every address of both families, on the same port") {
    // In a network namespace of the thread, so that no port is opened to a network.
    bool apart = false;
    Result<std::vector<Listener>> listeners = fail("not tried");
    std::thread([&] {
        apart = ::unshare(CLONE_NEWNET) == 0;
        if (apart) {
            listeners = open({":0"});
        }
    }).join();
    if (!apart) {
        SKIP("a network namespace needs a privilege");
    }
    REQUIRE(listeners.has_value());
    std::vector<std::string> hosts;
    for (const Listener& listener : *listeners) {
        hosts.push_back(std::get<config::ListenTcp>(listener.address).host);
        CHECK(port_of(listener) == port_of(listeners->front()));
    }
    const bool ipv6 = UniqueFd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).valid();
    CHECK(hosts ==
          (ipv6 ? std::vector<std::string>{"0.0.0.0", "::"} : std::vector<std::string>{"0.0.0.0"}));
}

TEST_CASE("a name stands for all its addresses, on the same port") {
    const auto listeners = open({"localhost:0"});
    REQUIRE(listeners.has_value());
    REQUIRE_FALSE(listeners->empty());
    for (const Listener& listener : *listeners) {
        CHECK(config::is_local(listener.address));
        CHECK(port_of(listener) == port_of(listeners->front()));
    }
}

TEST_CASE("a port that needs a privilege is rejected with the remedies") {
    int first_free = 1024;
    std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free;
    if (first_free <= 81) {
        SKIP("ports need no privilege here");
    }
    Result<std::vector<Listener>> listeners = fail("not tried");
    // Capabilities belong to a thread: the other tests keep theirs.
    std::thread([&] {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        std::array<__user_cap_data_struct, 2> none{};
        if (::syscall(SYS_capset, &header, none.data()) == 0) {
            listeners = open({"127.0.0.1:81"});
        }
    }).join();
    REQUIRE_FALSE(listeners.has_value());
    CHECK_THAT(
        listeners.error().message,
        ContainsSubstring("ports below " + std::to_string(first_free) + " need a privilege"));
    CHECK_THAT(listeners.error().message, ContainsSubstring("CAP_NET_BIND_SERVICE"));
}

TEST_CASE("IPv6 loopback accepts connections where the kernel has it") {
    const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto listeners = open({"[::1]:0"});
    if (!listeners) {
        CHECK_THAT(listeners.error().message, ContainsSubstring("can't listen on [::1]:0"));
        return;
    }
    REQUIRE(probe.valid());
    CHECK(std::get<config::ListenTcp>(listeners->front().address).host == "::1");
    CHECK(option_of(listeners->front().fd.get(), IPPROTO_IPV6, IPV6_V6ONLY) == 1);
}

TEST_CASE("a port in use is rejected with the name of the program that uses it") {
    const auto first = open({"127.0.0.1:0"});
    REQUIRE(first.has_value());
    const std::string address = "127.0.0.1:" + std::to_string(port_of(first->front()));
    const auto second = open({address});
    REQUIRE_FALSE(second.has_value());
    std::string own_name;
    std::getline(std::ifstream("/proc/self/comm"), own_name);
    CHECK_THAT(second.error().message,
               ContainsSubstring("can't listen on " + address + ": the port is taken by " +
                                 own_name + " (process " + std::to_string(::getpid()) + ")"));
    CHECK_THAT(second.error().message, ContainsSubstring("choose another port"));
}

TEST_CASE("a port without listener has no owner") {
    std::uint16_t port = 0;
    {
        const auto listeners = open({"127.0.0.1:0"});
        REQUIRE(listeners.has_value());
        port = port_of(listeners->front());
        const auto holder = find_port_owner(port);
        REQUIRE(holder.has_value());
        CHECK(holder->pid == ::getpid());
    }
    CHECK_FALSE(find_port_owner(port).has_value());
}

TEST_CASE("an address that this machine doesn't have and an unknown host are rejected") {
    // 192.0.2.0/24 is for documentation (RFC 5737), and names that end in .invalid never resolve.
    const auto elsewhere = open({"192.0.2.1:0"});
    REQUIRE_FALSE(elsewhere.has_value());
    CHECK_THAT(elsewhere.error().message, ContainsSubstring("doesn't have that address"));
    const auto unknown = open({"nowhere.invalid:0"});
    REQUIRE_FALSE(unknown.has_value());
    CHECK_THAT(unknown.error().message, ContainsSubstring("nowhere.invalid can't be resolved"));
}

TEST_CASE("a UNIX socket is accessible to owner and group, and removed at the end") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    {
        const mode_t before = ::umask(077);
        const auto listeners = open({"unix:" + path});
        ::umask(before);
        REQUIRE(listeners.has_value());
        struct stat status{};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0660U);
        CHECK(connect_to_unix(path) == 0);
        const auto owner = find_socket_owner(path);
        REQUIRE(owner.has_value());
        CHECK(owner->pid == ::getpid());
    }
    CHECK_FALSE(find_socket_owner(path).has_value());
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket file that a dead process left is replaced") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    {
        const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                0);
        REQUIRE(::listen(dead.get(), 1) == 0);
    }
    REQUIRE(std::filesystem::exists(path));
    REQUIRE(connect_to_unix(path) == ECONNREFUSED);
    const auto listeners = open({"unix:" + path});
    REQUIRE(listeners.has_value());
    CHECK(connect_to_unix(path) == 0);
}

TEST_CASE("a socket that a program listens on, and a file that is not a socket, are left alone") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    const auto first = open({"unix:" + path});
    REQUIRE(first.has_value());
    const auto second = open({"unix:" + path});
    REQUIRE_FALSE(second.has_value());
    CHECK_THAT(second.error().message, ContainsSubstring("another program listens there"));
    CHECK(connect_to_unix(path) == 0);

    const std::string file = folder.file("notes");
    std::ofstream(file) << "precious";
    const auto third = open({"unix:" + file});
    REQUIRE_FALSE(third.has_value());
    CHECK_THAT(third.error().message, ContainsSubstring("a file that is not a socket"));
    CHECK(std::filesystem::file_size(file) == 8);

    const auto fourth = open({"unix:" + folder.file("no/such/folder")});
    REQUIRE_FALSE(fourth.has_value());
    CHECK_THAT(fourth.error().message, ContainsSubstring("No such file or directory"));
}

TEST_CASE("a socket file that another process has replaced is not removed") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    {
        const auto listeners = open({"unix:" + path});
        REQUIRE(listeners.has_value());
        std::filesystem::remove(path);
        std::ofstream(folder.file("keeps-the-inode-apart")) << "x";
        std::ofstream(path) << "theirs";
    }
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("when one address is not available, the others are closed") {
    const Folder folder;
    const std::string path = folder.file("r.sock");
    CHECK_FALSE(open({"unix:" + path, "192.0.2.1:0"}).has_value());
    CHECK_FALSE(std::filesystem::exists(path));
}
