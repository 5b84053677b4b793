#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "ringcast/base/unique_fd.hpp"
#include "uring/memory.hpp"

using namespace ringcast;
using ringcast::uring::MappedMemory;
using ringcast::uring::system_page_bytes;

TEST_CASE("a mapping is page-aligned, whole pages long and zero") {
    const auto memory = MappedMemory::create(system_page_bytes() + 1);
    REQUIRE(memory);
    const ByteSpan bytes = memory->bytes();
    CHECK(bytes.size() == 2 * system_page_bytes());
    CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % system_page_bytes() == 0);
    CHECK(bytes.front() == std::byte{0});
    bytes.back() = std::byte{1};
}

TEST_CASE("a mapping that is moved from is empty, and has one owner") {
    auto first = MappedMemory::create(1);
    auto second = MappedMemory::create(1);
    REQUIRE(first);
    REQUIRE(second);
    std::byte* const start = first->bytes().data();
    *second = std::move(*first);
    CHECK(second->bytes().data() == start);
    CHECK(first->bytes().empty());
    second->bytes().front() = std::byte{1};
}

TEST_CASE("more memory than there are addresses is refused with a reason") {
    const auto memory = MappedMemory::create(std::size_t{1} << 62U);
    REQUIRE_FALSE(memory);
    CHECK(memory.error().message.find("MiB for frames") != std::string::npos);
    CHECK_FALSE(MappedMemory::create(SIZE_MAX));
}

TEST_CASE("a child process does not see the mapping") {
    const auto memory = MappedMemory::create(1);
    REQUIRE(memory);
    std::byte* const start = memory->bytes().data();
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reading(ends[0]);
    const UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // The kernel answers for an address that is not mapped, where touching it would crash.
        const bool unmapped = ::write(writing.get(), start, 1) == -1 && errno == EFAULT;
        ::_exit(unmapped ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
