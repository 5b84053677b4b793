#include "app/service_manager.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/source_fixture.hpp"

namespace ringcast::app {
namespace {

using Values = std::map<std::string, std::string>;

/// Variables that are set during the lifetime.
class Variables {
public:
    explicit Variables(Values values) : values_(std::move(values)) {
        for (const auto& [name, value] : values_) {
            ::setenv(name.c_str(), value.c_str(), 1);
        }
    }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;
    Variables(Variables&&) = delete;
    Variables& operator=(Variables&&) = delete;
    ~Variables() {
        for (const auto& [name, value] : values_) {
            ::unsetenv(name.c_str());
        }
    }
    [[nodiscard]] bool all_removed() const {
        for (const auto& [name, value] : values_) {
            if (std::getenv(name.c_str()) != nullptr) {
                return false;
            }
        }
        return true;
    }

private:
    Values values_;
};

/// The service manager's end.
struct Manager {
    test::TemporaryFolder folder;
    std::string address = folder.path("notify");
    UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};

    Manager() {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        REQUIRE(address.size() < sizeof name.sun_path);
        std::memcpy(name.sun_path, address.data(), address.size());
        REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    }
    [[nodiscard]] std::string heard() const {
        std::array<char, 256> buffer{};
        const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        return count < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(count));
    }
};

} // namespace

TEST_CASE("the service manager is told the state of the service") {
    const Manager manager;
    const Variables variables(Values{{"NOTIFY_SOCKET", manager.address}});
    const ServiceManager told = ServiceManager::from_environment();
    CHECK(variables.all_removed());
    told.ready("2 streams");
    CHECK(manager.heard() == "READY=1\nSTATUS=2 streams");
    told.reloading(Instant(std::chrono::microseconds(1'234'567)));
    CHECK(manager.heard() == "RELOADING=1\nMONOTONIC_USEC=1234567");
    told.stopping();
    CHECK(manager.heard() == "STOPPING=1");
}

TEST_CASE("the watchdog hears from this process twice in each of its periods") {
    const Manager manager;
    const Variables variables(Values{{"NOTIFY_SOCKET", manager.address},
                                     {"WATCHDOG_USEC", "3000000"},
                                     {"WATCHDOG_PID", std::to_string(::getpid())}});
    ServiceManager told = ServiceManager::from_environment();
    CHECK(variables.all_removed());
    constexpr auto half = std::chrono::milliseconds(1500);
    Instant now{std::chrono::hours(1)};
    CHECK(told.keep_alive(now) == now + half);
    CHECK(manager.heard() == "WATCHDOG=1");
    now += half - std::chrono::nanoseconds(1);
    CHECK(told.keep_alive(now) == now + std::chrono::nanoseconds(1));
    CHECK(manager.heard().empty());
    now += std::chrono::nanoseconds(1);
    CHECK(told.keep_alive(now) == now + half);
    CHECK(manager.heard() == "WATCHDOG=1");
}

TEST_CASE("the watchdog of another process, or none, hears nothing") {
    const Manager manager;
    const std::string pid = std::to_string(::getpid());
    for (const Values& values :
         {Values{}, Values{{"WATCHDOG_USEC", "3000000"}, {"WATCHDOG_PID", "1"}},
          Values{{"WATCHDOG_USEC", "0"}, {"WATCHDOG_PID", pid}},
          Values{{"WATCHDOG_USEC", "3s"}, {"WATCHDOG_PID", pid}}}) {
        Values all = values;
        all.emplace("NOTIFY_SOCKET", manager.address);
        const Variables variables(all);
        CHECK(ServiceManager::from_environment().keep_alive(Instant{}) == never);
        CHECK(variables.all_removed());
        CHECK(manager.heard().empty());
    }
}

TEST_CASE("without a service manager nothing is said") {
    ServiceManager told = ServiceManager::from_environment();
    told.ready("");
    CHECK(told.keep_alive(Instant{}) == never);
    const Variables variables(Values{{"NOTIFY_SOCKET", "vsock:2:1"}});
    test::LogCapture logged;
    ServiceManager::from_environment().ready("");
    CHECK(logged.count("\"vsock:2:1\" is no address of a UNIX socket", LogLevel::warning) == 1);
}

TEST_CASE("sockets for another process are not taken") {
    const Variables variables(
        Values{{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}, {"LISTEN_FDNAMES", "a"}});
    CHECK(take_passed_sockets().empty());
    CHECK(variables.all_removed());
}

TEST_CASE("sockets are passed by number, and named by the service manager") {
    // In a child, whose descriptors from 3 on can be replaced.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (const int fd : {3, 4}) {
            ::dup2(0, fd);
        }
        ::close_range(5, ~0U, 0);
        const std::string pid = std::to_string(::getpid());
        const Variables variables(
            Values{{"LISTEN_FDS", "3"}, {"LISTEN_PID", pid}, {"LISTEN_FDNAMES", "web:local"}});
        const auto sockets = take_passed_sockets(); // the third one does not exist
        const bool good = sockets.size() == 2 && sockets[0].fd.get() == 3 &&
                          sockets[0].name == "web" && sockets[1].name == "local" &&
                          (::fcntl(4, F_GETFD) & FD_CLOEXEC) != 0 && variables.all_removed();
        ::_exit(good ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

} // namespace ringcast::app
