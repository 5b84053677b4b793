// Error messages and fallbacks at start-up where io_uring or locked memory is restricted. The
// restrictions can't be removed, so they are applied in child processes.

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "os/mapped_memory.hpp"
#include "support/in_child.hpp"
#include "uring/setup_failure.hpp"
#include "uring/uring_engine.hpp"

using namespace ringcast;
using Catch::Matchers::ContainsSubstring;
using test_support::in_child;

namespace {

/// From now on io_uring_setup fails with `error`, as under a container's seccomp profile.
bool forbid_setup(int error) {
    std::array<sock_filter, 4> filter{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_io_uring_setup},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

std::string refusal_under(int error) {
    return in_child([error]() -> std::string {
        if (!forbid_setup(error)) {
            return "no filter";
        }
        const auto engine = uring::UringEngine::create({});
        return engine ? "it started" : engine.error().message;
    });
}

constexpr std::size_t mib = 1024UL * 1024UL;

/// Becomes an ordinary user with the usual limit of 8 MiB. Root has CAP_IPC_LOCK and so no limit.
bool become_ordinary(std::size_t locked_bytes_max = 8 * mib) {
    const rlimit limit{locked_bytes_max, locked_bytes_max};
    // Locked memory is charged to the user, and uncharged some time after a process has ended.
    // Therefore each child becomes a different user, with an id that no system assigns.
    constexpr uid_t user_first = 61'000;
    constexpr uid_t user_count = 4'000;
    const uid_t user = user_first + static_cast<uid_t>(::getpid()) % user_count;
    return ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
           (::geteuid() != 0 ||
            (::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0));
}

/// Registers buffers of these sizes in turn. Returns the outcome or the first error as text.
std::string registration_of(std::vector<std::size_t> sizes) {
    return in_child([&sizes]() -> std::string {
        if (!become_ordinary()) {
            return "still privileged";
        }
        auto engine = uring::UringEngine::create({});
        if (!engine) {
            return engine.error().message;
        }
        for (const std::size_t size : sizes) {
            const auto memory = os::MappedMemory::create(size);
            if (!memory) {
                return memory.error().message;
            }
            if (auto registered = (*engine)->register_buffer(memory->bytes(), {}); !registered) {
                return registered.error().message;
            }
        }
        return (*engine)->zero_copy_supported() ? "registered" : "registered, no zero-copy";
    });
}

} // namespace

TEST_CASE("the error names a seccomp profile that blocks io_uring, and what to do", "[io_uring]") {
    const std::string message = refusal_under(EPERM);
    CHECK_THAT(message, ContainsSubstring("seccomp"));
    CHECK_THAT(message, ContainsSubstring("io_uring_setup"));
}

TEST_CASE("the error names the sysctl that disables io_uring, its value, and what to do",
          "[io_uring]") {
    CHECK_THAT(uring::explain_refusal(2, -1),
               ContainsSubstring("kernel.io_uring_disabled = 2") &&
                   ContainsSubstring("sysctl -w kernel.io_uring_disabled=0"));
    CHECK_THAT(uring::explain_refusal(1, 991), ContainsSubstring("group 991"));
    CHECK_THAT(uring::explain_refusal(1, -1), ContainsSubstring("set kernel.io_uring_group"));
}

TEST_CASE("the error names the kernel's release when it has no io_uring or is too old",
          "[io_uring]") {
    CHECK_THAT(refusal_under(ENOSYS), ContainsSubstring(uring::kernel_release()) &&
                                          ContainsSubstring("io_uring is not available") &&
                                          ContainsSubstring("6.1"));
    CHECK_THAT(refusal_under(EINVAL), ContainsSubstring(uring::kernel_release()) &&
                                          ContainsSubstring("too old") && ContainsSubstring("6.1"));
}

TEST_CASE("the error distinguishes missing memory from missing descriptors for the queues",
          "[io_uring]") {
    CHECK_THAT(refusal_under(ENOMEM), ContainsSubstring("LimitMEMLOCK="));
    CHECK_THAT(refusal_under(EMFILE), ContainsSubstring("LimitNOFILE="));
    CHECK_THAT(refusal_under(EIO), ContainsSubstring(std::strerror(EIO)));
}

TEST_CASE("the error says why memory can't be pinned, and whether a newer kernel helps",
          "[io_uring]") {
    // The errors for such memory alone, and for such memory between the process's own pages.
    for (const int error : {EOPNOTSUPP, EINVAL}) {
        const std::string too_old = uring::explain_registration_failure(error, mib).message;
        CHECK_THAT(too_old, ContainsSubstring(uring::kernel_release()));
        CHECK_THAT(too_old, ContainsSubstring("Linux 6.12 or later"));
    }
    const std::string unpinnable = uring::explain_registration_failure(EFAULT, mib).message;
    CHECK_THAT(unpinnable, ContainsSubstring("the driver has mapped"));
    CHECK_THAT(unpinnable, ContainsSubstring("no setting changes that"));
}

TEST_CASE("an ordinary user with 8 MiB can register a small buffer and use zero-copy",
          "[io_uring]") {
    CHECK(registration_of({4 * mib}) == "registered");
}

TEST_CASE("registering more than the limit fails with the amount, the limit and what to do",
          "[io_uring]") {
    const std::string message = registration_of({64 * mib});
    CHECK_THAT(message, ContainsSubstring("needs 64 MiB"));
    CHECK_THAT(message, ContainsSubstring("is 8 MiB"));
    CHECK_THAT(message, ContainsSubstring("LimitMEMLOCK="));
    CHECK_THAT(message, ContainsSubstring("ulimit -l"));
    CHECK_THAT(message, ContainsSubstring("CAP_IPC_LOCK"));
}

TEST_CASE("registering more than the kernel allows in one buffer fails with that reason",
          "[io_uring]") {
    const auto engine = uring::UringEngine::create({});
    REQUIRE(engine);
    const auto memory = os::MappedMemory::create(1024 * mib + 1);
    REQUIRE(memory);
    const auto registered = (*engine)->register_buffer(memory->bytes(), {});
    REQUIRE_FALSE(registered);
    CHECK_THAT(registered.error().message, ContainsSubstring("1025 MiB") &&
                                               ContainsSubstring("at most 1024 MiB") &&
                                               ContainsSubstring("fewer or smaller slots"));
}

TEST_CASE("the limit applies to the sum of all buffers", "[io_uring]") {
    CHECK_THAT(registration_of({6 * mib, 6 * mib}), ContainsSubstring("needs 6 MiB"));
}

TEST_CASE("a user with a very low limit of locked memory gets smaller queues, not an error",
          "[io_uring]") {
    const std::string answer = in_child([]() -> std::string {
        if (!become_ordinary(128UL * 1024UL)) {
            return "still privileged";
        }
        // Where the suite runs as one user, memory of earlier engines is uncharged late.
        std::string message;
        constexpr unsigned attempts_max = 200;
        for (unsigned attempt = 0; attempt < attempts_max; ++attempt) {
            const auto engine = uring::UringEngine::create({});
            if (engine) {
                return "it started";
            }
            message = engine.error().message;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return message;
    });
    CHECK(answer == "it started");
}

TEST_CASE("a full table of buffers is an error, not a crash", "[io_uring]") {
    const auto engine =
        uring::UringEngine::create({.sq_entries = 8, .cq_entries = 64, .buffer_table_size = 1});
    REQUIRE(engine);
    const auto memory = os::MappedMemory::create(1);
    REQUIRE(memory);
    const auto first = (*engine)->register_buffer(memory->bytes(), {});
    REQUIRE(first);
    CHECK(first->value == 0);
    const auto second = (*engine)->register_buffer(memory->bytes(), {});
    REQUIRE_FALSE(second);
    CHECK_THAT(second.error().message, ContainsSubstring("all 1 entries"));
}

TEST_CASE("queues larger than the kernel's maxima are cut, without an error", "[io_uring]") {
    CHECK(uring::UringEngine::create(
        {.sq_entries = 100'000, .cq_entries = 1'000'000, .buffer_table_size = 1}));
}
