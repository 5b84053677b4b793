#include "ringcast/frame/frame_arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ringcast;
using frame::FrameArena;
using frame::FrameInfo;
using frame::FrameLease;
using frame::SlotGeometry;
using frame::WritableSlot;

namespace {

const http::Boundary boundary(0x0123456789ABCDEF, 0xFEDCBA9876543210);

struct Memory {
    explicit Memory(const SlotGeometry& geometry) : bytes(geometry.arena_bytes()) {}
    std::vector<std::byte> bytes;
};

SlotGeometry geometry_of(std::size_t page) {
    return {.page = page, .frame_bytes_max = 10'000, .slot_count = 3};
}

FrameInfo write_jpeg(WritableSlot& slot, std::string_view jpeg, std::size_t offset) {
    std::memcpy(slot.payload().data() + offset, jpeg.data(), jpeg.size());
    FrameInfo info;
    info.jpeg_offset = offset;
    info.jpeg_bytes = jpeg.size();
    info.captured = WallTime(std::chrono::seconds(1'700'000'000) + std::chrono::microseconds(42));
    return info;
}

std::string standard_part(std::string_view jpeg) {
    std::string part =
        "Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(jpeg.size()) +
        "\r\nX-Timestamp: 1700000000.000042\r\n\r\n";
    part += jpeg;
    return part + "\r\n--" + std::string(boundary.text()) + "\r\n";
}

} // namespace

TEST_CASE("a frame's header, JPEG and boundary are one contiguous span") {
    const std::size_t page = GENERATE(4096U, 16384U, 65536U);
    const std::size_t offset = GENERATE(0U, 1U, 777U);
    const SlotGeometry geometry = geometry_of(page);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, io::BufferId{7});
    WritableSlot slot = arena.take_slot();
    REQUIRE(slot.payload().size() == geometry.payload_bytes());
    const FrameInfo info = write_jpeg(slot, "\xFF\xD8pixels\xFF\xD9", offset);
    const FrameLease lease = arena.finish(std::move(slot), info, 5);

    CHECK(as_text(lease.standard_span()) == standard_part("\xFF\xD8pixels\xFF\xD9"));
    CHECK(as_text(lease.advance_span()) == "\xFF\xD8pixels\xFF\xD9\r\n--" +
                                               std::string(boundary.text()) +
                                               "\r\nContent-Type: image/jpeg\r\n\r\n");
    CHECK(as_text(lease.jpeg_span()) == "\xFF\xD8pixels\xFF\xD9");
    CHECK(lease.sequence() == 5);
    CHECK(lease.buffer() == io::BufferId{7});
}

TEST_CASE("the largest frame that a byte stream can hold fits its slot with header and tail") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    WritableSlot neighbour = arena.take_slot();
    std::ranges::fill(neighbour.payload(), std::byte{0x55});
    FrameInfo info;
    info.jpeg_bytes = geometry.payload_bytes();
    const FrameLease lease = arena.finish(std::move(slot), info, 1);
    const ConstByteSpan span = lease.advance_span();
    CHECK(span.data() + span.size() <= memory.bytes.data() + geometry.slot_bytes());
    CHECK(std::ranges::all_of(neighbour.payload(),
                              [](std::byte byte) { return byte == std::byte{0x55}; }));
}

TEST_CASE("the last lease gives the slot back") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    const FrameInfo info = write_jpeg(slot, "jpeg", 0);
    FrameLease first = arena.finish(std::move(slot), info, 1);
    FrameLease second = first.share();
    CHECK(arena.lease_count(first.slot()) == 2);
    CHECK(arena.free_count() == 2);
    first.release();
    CHECK_FALSE(first.valid());
    CHECK(arena.free_count() == 2);
    second = FrameLease();
    CHECK(arena.free_count() == 3);
}

TEST_CASE("a slot that is dropped unwritten is free again, and there is none when all are taken") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    {
        WritableSlot a = arena.take_slot();
        WritableSlot b = arena.take_slot();
        WritableSlot c = arena.take_slot();
        CHECK(c.valid());
        CHECK_FALSE(arena.take_slot().valid());
        a = std::move(b); // what a held is freed
        CHECK(arena.free_count() == 1);
    }
    CHECK(arena.free_count() == 3);
}

TEST_CASE("a released slot is shown to the hook once") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    arena.set_release_hook(
        [](ByteSpan slot) noexcept { std::ranges::fill(slot, std::byte{0xDD}); });
    WritableSlot slot = arena.take_slot();
    const FrameInfo info = write_jpeg(slot, "jpeg", 0);
    const std::byte* payload = slot.payload().data();
    FrameLease lease = arena.finish(std::move(slot), info, 1);
    CHECK(payload[0] == std::byte{'j'});
    lease.release();
    CHECK(payload[0] == std::byte{0xDD});
}
