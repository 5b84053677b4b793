#include "capture/camera_buffer.hpp"

#include <array>

#include <catch2/catch_test_macros.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "os/mapped_memory.hpp"
#include "support/in_child.hpp"

namespace ringcast::capture {

namespace {

/// Replaces a dmabuf: a file that can be mapped and has a size.
UniqueFd file_of(std::size_t bytes) {
    UniqueFd file(::memfd_create("dmabuf", MFD_CLOEXEC));
    REQUIRE(::ftruncate(file.get(), static_cast<off_t>(bytes)) == 0);
    return file;
}

} // namespace

TEST_CASE("a buffer is mapped between two anonymous pages, in one range") {
    const std::size_t page = os::system_page_bytes();
    const UniqueFd file = file_of(2 * page);
    const PlanePlace place{file.get(), 0, 2 * page};
    const auto buffer = CameraBuffer::map({&place, 1}, page);
    REQUIRE(buffer.has_value());
    CHECK(buffer->range().size() == 4 * page);
    REQUIRE(buffer->planes().size() == 1);
    CHECK(buffer->planes()[0].data() == buffer->range().data() + page);
    CHECK(buffer->planes()[0].size() == 2 * page);
    // Writes of the camera are visible, and writes to the margins do not reach the camera.
    REQUIRE(::pwrite(file.get(), "x", 1, static_cast<off_t>(page)) == 1);
    CHECK(buffer->planes()[0][page] == std::byte{'x'});
    {
        const os::DmabufAccess access(buffer->dmabufs(), os::DmabufUse::read_and_write);
        buffer->range()[page - 1] = std::byte{'a'};
        buffer->range()[page] = std::byte{'b'};
        buffer->range()[3 * page] = std::byte{'c'};
    }
    std::array<char, 1> seen{};
    REQUIRE(::pread(file.get(), seen.data(), 1, 0) == 1);
    CHECK(seen[0] == 'b');
    CHECK(::lseek(file.get(), 0, SEEK_END) == static_cast<off_t>(2 * page));
}

TEST_CASE("planes may share a dmabuf, or have one each") {
    const std::size_t page = os::system_page_bytes();
    const UniqueFd first = file_of(2 * page);
    const UniqueFd second = file_of(page);
    const std::array<PlanePlace, 3> places{
        {{first.get(), 0, page}, {first.get(), page, 100}, {second.get(), 10, 20}}};
    const auto buffer = CameraBuffer::map(places, 0);
    REQUIRE(buffer.has_value());
    CHECK(buffer->range().size() == 2 * page);
    REQUIRE(buffer->planes().size() == 3);
    CHECK(buffer->planes()[1].data() == buffer->range().data() + page);
    CHECK(buffer->planes()[1].size() == 100);
    REQUIRE(::pwrite(second.get(), "y", 1, 10) == 1);
    CHECK(buffer->planes()[2][0] == std::byte{'y'});
    const auto dmabufs = buffer->dmabufs();
    CHECK(dmabufs[0] >= 0);
    CHECK(dmabufs[1] >= 0);
    CHECK(dmabufs[2] == -1);
}

TEST_CASE("a buffer outlives the camera's own descriptor") {
    const std::size_t page = os::system_page_bytes();
    UniqueFd file = file_of(page);
    const PlanePlace place{file.get(), 0, page};
    auto buffer = CameraBuffer::map({&place, 1}, page).value();
    file.reset();
    const CameraBuffer moved = std::move(buffer);
    moved.planes()[0][0] = std::byte{1};
    CHECK(moved.planes()[0][0] == std::byte{1});
}

TEST_CASE("a child process does not inherit a camera's buffer") {
    const std::size_t page = os::system_page_bytes();
    const UniqueFd file = file_of(page);
    const PlanePlace place{file.get(), 0, page};
    const auto buffer = CameraBuffer::map({&place, 1}, page).value();
    CHECK(test_support::holds_in_child([&buffer, page] {
        bool unmapped = true;
        for (std::size_t at = 0; at < buffer.range().size(); at += page) {
            unmapped = unmapped && test_support::is_unmapped(&buffer.range()[at]);
        }
        return unmapped;
    }));
}

TEST_CASE("mapping fails if the planes or dmabufs are unsuitable") {
    const std::size_t page = os::system_page_bytes();
    const UniqueFd file = file_of(page);
    const std::array<PlanePlace, 2> two{{{file.get(), 0, 10}, {file.get(), 10, 10}}};
    const PlanePlace large{file.get(), 1, page};
    const PlanePlace far{file.get(), page + 1, 0};
    const PlanePlace later{file.get(), 8, 8};
    const PlanePlace none{-1, 0, page};
    CHECK_FALSE(CameraBuffer::map({&large, 1}, 0).has_value());
    CHECK_FALSE(CameraBuffer::map({&far, 1}, 0).has_value());
    CHECK_FALSE(CameraBuffer::map({&none, 1}, 0).has_value());
    CHECK_FALSE(CameraBuffer::map({}, 0).has_value());
    CHECK(CameraBuffer::map({&later, 1}, 0).has_value());
    CHECK_FALSE(CameraBuffer::map({&later, 1}, page).has_value());
    CHECK_FALSE(CameraBuffer::map(two, page).has_value());
}

} // namespace ringcast::capture
