#include "app/limits.hpp"

#include <cstdint>
#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fcntl.h>
#include <sys/resource.h>

#include "support/in_child.hpp"

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;
using ringcast::test_support::holds_in_child;

namespace {

bool set_limit(decltype(RLIMIT_NOFILE) resource, rlim_t soft, rlim_t hard) {
    const rlimit limit{soft, hard};
    return ::setrlimit(resource, &limit) == 0;
}

rlim_t soft_limit(decltype(RLIMIT_NOFILE) resource) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    return limit.rlim_cur;
}

} // namespace

TEST_CASE("soft limits are raised to the hard ones") {
    CHECK(holds_in_child([] {
        return set_limit(RLIMIT_NOFILE, 64, 512) && raise_open_files_limit() == 512 &&
               soft_limit(RLIMIT_NOFILE) == 512 && raise_open_files_limit() == 512;
    }));
    CHECK(holds_in_child([] {
        return set_limit(RLIMIT_MEMLOCK, 4096, 65536) && raise_locked_memory_limit() == 65536 &&
               soft_limit(RLIMIT_MEMLOCK) == 65536;
    }));
}

TEST_CASE("reading the limit on locked memory does not raise it") {
    CHECK(holds_in_child([] {
        return set_limit(RLIMIT_MEMLOCK, 4096, 65536) && locked_memory_limit() == 4096 &&
               soft_limit(RLIMIT_MEMLOCK) == 4096;
    }));
}

TEST_CASE("the table of open files is grown in advance") {
    // FDSize of proc(5): the size of the kernel's table.
    const auto table_size = [] {
        std::ifstream status("/proc/self/status");
        std::string word;
        std::uint64_t size = 0;
        while (status >> word && word != "FDSize:") {
        }
        status >> size;
        return size;
    };
    // Within the limit of an unprivileged user.
    CHECK(holds_in_child([&] {
        const std::uint64_t before = table_size();
        reserve_open_files(1000, 1024);
        const int next = ::open("/", O_PATH);
        return before < 1000 && table_size() >= 1000 && next >= 0 && next < 100;
    }));
    CHECK(holds_in_child([&] { // what is not allowed is not asked for
        reserve_open_files(1'000'000'000'000, 600);
        return table_size() >= 600 && table_size() < 10'000;
    }));
}

TEST_CASE("what a configuration keeps open is counted") {
    config::Config config;
    config.viewers.max = 300;
    config.http.listen.resize(3);
    config.streams.resize(4);
    config.streams[1].source = config::LibcameraConfig{};
    const OpenFileNeeds needs = open_file_needs(config);
    CHECK(needs.viewers_max == 300);
    CHECK(needs.addresses == 3);
    CHECK(needs.streams == 4);
    CHECK(needs.cameras == 1);
}

TEST_CASE("with enough open files there are as many connections as are wanted") {
    const OpenFileNeeds needs{.viewers_max = 4096, .streams = 2, .cameras = 1};
    const std::uint64_t needed = open_files_needed(needs);
    for (const std::uint64_t limit : {needed, needed + 1, std::uint64_t{1} << 40U}) {
        const ConnectionLimits limits = connection_limits(needs, limit);
        CHECK(limits.viewers_max == 4096);
        CHECK(limits.connections_extra == 64);
        CHECK(limits.accepts_max == 64);
    }
    CHECK(connection_limits(needs, needed - 1).viewers_max == 4095);
}

TEST_CASE("with few open files viewers get what sources, listeners and requests leave") {
    for (const std::size_t streams : {1U, 5U}) {
        const OpenFileNeeds needs{.viewers_max = 4096, .addresses = 2, .streams = streams};
        for (std::uint64_t limit = 0; limit < 1000; ++limit) {
            const ConnectionLimits limits = connection_limits(needs, limit);
            INFO(limit);
            if (limits.viewers_max == 0) {
                CHECK(limit < 32 + 2 * 2 + 8 * streams + 8);
                continue;
            }
            CHECK(limits.viewers_max >= limits.connections_extra + limits.accepts_max);
            CHECK(limits.connections_extra >= 2);
            CHECK(limits.accepts_max >= 2);
            const std::uint64_t connections =
                limits.viewers_max + limits.connections_extra + limits.accepts_max;
            CHECK(connections + 32 + 2 * 2 + 8 * streams <= limit);
        }
        CHECK(connection_limits(needs, 1000).viewers_max > 700);
    }
}

TEST_CASE("too few open files cause a warning with the figures") {
    const OpenFileNeeds needs{.viewers_max = 4096};
    CHECK_FALSE(open_files_warning(needs, 1'048'576));
    const auto warning = open_files_warning(needs, 1024);
    REQUIRE(warning.has_value());
    CHECK_THAT(*warning, ContainsSubstring("1024 open files is enough for 854 viewers"));
    CHECK_THAT(*warning, ContainsSubstring("viewers.max = 4096"));
    CHECK_THAT(*warning, ContainsSubstring("LimitNOFILE=4266"));
    CHECK_FALSE(open_files_warning(needs, 4266));
    CHECK(open_files_warning(needs, 4265));
    CHECK_THAT(open_files_warning(needs, 10).value(), ContainsSubstring("enough for 0 viewers"));
}
