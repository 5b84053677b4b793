#include "app/doctor_facts.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "config/describe.hpp"

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Restores the limits that collecting facts raises.
class KeptLimits {
public:
    KeptLimits() {
        ::getrlimit(RLIMIT_NOFILE, &files_);
        ::getrlimit(RLIMIT_MEMLOCK, &locked_);
    }
    KeptLimits(const KeptLimits&) = delete;
    KeptLimits& operator=(const KeptLimits&) = delete;
    ~KeptLimits() {
        ::setrlimit(RLIMIT_NOFILE, &files_);
        ::setrlimit(RLIMIT_MEMLOCK, &locked_);
    }

private:
    rlimit files_{};
    rlimit locked_{};
};

config::Config config_listening_on(std::uint16_t port) {
    config::Config config;
    config.http.listen = {{config::ListenTcp{"127.0.0.1", port}}};
    return config;
}

} // namespace

TEST_CASE("facts about the machine that runs the tests are collected, and nothing is left behind") {
    const KeptLimits kept;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const auto open_files = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    const config::Config config = config_listening_on(0);
    // libcamera keeps a descriptor for each thread that has ever used it.
    static_cast<void>(look_at_machine(config));
    const auto before = open_files();
    const MachineFacts facts = look_at_machine(config);
    CHECK(open_files() == before);

    CHECK(facts.needs.stream_count == 1);
    CHECK(facts.needs.stream_bytes == config::stream_memory_bytes(config.memory));
    CHECK(facts.needs.open_files.viewers_max == 4096);
    CHECK_THAT(facts.io_uring.kernel, ContainsSubstring("Linux"));
    CHECK(facts.limits.open_files_max == files.rlim_max);
    const auto loopback = std::ranges::find(facts.interfaces, true, &InterfaceFacts::loopback);
    REQUIRE(loopback != facts.interfaces.end());
    CHECK(loopback->name == "lo");
    CHECK(loopback->mtu >= 1500);
    CHECK_FALSE(loopback->wireless);
    CHECK(loopback->scatter_gather == true); // Linux has it fixed on there.
    REQUIRE(facts.addresses.size() == 1);
    CHECK_FALSE(facts.addresses[0].failure.has_value());
}

TEST_CASE("a configuration that names a proxy expects one") {
    const KeptLimits kept;
    config::Config config = config_listening_on(0);
    const MachineFacts facts = look_at_machine(config);
    CHECK_FALSE(facts.needs.proxy);
    CHECK(facts.unsent_bytes_max.has_value());
    config.access.trusted_proxies = {"unix"};
    CHECK(look_at_machine(config).needs.proxy);
    config.access.trusted_proxies.clear();
    config.http.listen.front().proxy_protocol = true;
    CHECK(look_at_machine(config).needs.proxy);
}

TEST_CASE("a port in use is reported with its owner") {
    const KeptLimits kept;
    const UniqueFd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(taken.get(), generic, bytes) == 0);
    REQUIRE(::listen(taken.get(), 1) == 0);
    REQUIRE(::getsockname(taken.get(), generic, &bytes) == 0);
    const MachineFacts facts = look_at_machine(config_listening_on(ntohs(address.sin_port)));
    REQUIRE(facts.addresses.size() == 1);
    REQUIRE(facts.addresses[0].failure.has_value());
    CHECK_THAT(*facts.addresses[0].failure, ContainsSubstring(std::to_string(::getpid())));
    CHECK_FALSE(facts.addresses[0].held_by_ringcast);
}
