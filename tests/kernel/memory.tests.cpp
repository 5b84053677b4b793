#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "os/mapped_memory.hpp"
#include "support/in_child.hpp"

using namespace ringcast;
using ringcast::os::MappedMemory;
using ringcast::os::system_page_bytes;

TEST_CASE("a mapping is page-aligned, whole pages long and zero") {
    const auto memory = MappedMemory::create(system_page_bytes() + 1);
    REQUIRE(memory);
    const ByteSpan bytes = memory->bytes();
    CHECK(bytes.size() == 2 * system_page_bytes());
    CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % system_page_bytes() == 0);
    CHECK(bytes.front() == std::byte{0});
    bytes.back() = std::byte{1};
}

TEST_CASE("a mapping that was moved from is empty") {
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

TEST_CASE("more memory than the address space is rejected with a reason") {
    const auto memory = MappedMemory::create(std::size_t{1} << 62U);
    REQUIRE_FALSE(memory);
    CHECK(memory.error().message.find("MiB for frames") != std::string::npos);
    CHECK_FALSE(MappedMemory::create(SIZE_MAX));
}

TEST_CASE("the mapping does not exist in a child process") {
    const auto memory = MappedMemory::create(1);
    REQUIRE(memory);
    std::byte* const start = memory->bytes().data();
    CHECK(test_support::holds_in_child([start] { return test_support::is_unmapped(start); }));
}
