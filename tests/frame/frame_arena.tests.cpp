#include "frame/frame_arena.hpp"

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
using frame::SlotIndex;
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
    info.jpeg_offset = slot.payload_offset() + offset;
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

/// A camera's buffers, each between a page of headroom and a page of tailroom.
class CameraMemory final : public frame::SlotOwner {
public:
    static constexpr std::size_t frame_bytes_max = 9000;

    CameraMemory(std::size_t page, std::size_t buffers)
        : slot_bytes_(page + (frame_bytes_max + page - 1) / page * page + page),
          bytes_(slot_bytes_ * buffers) {}

    void recycle(SlotIndex slot) noexcept override { recycled.push_back(slot); }

    [[nodiscard]] ByteSpan slot(std::size_t buffer) {
        return ByteSpan(bytes_).subspan(buffer * slot_bytes_, slot_bytes_);
    }

    std::vector<SlotIndex> recycled;

private:
    std::size_t slot_bytes_;
    std::vector<std::byte> bytes_;
};

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
    const FrameLease lease = arena.seal(std::move(slot), info, 5);

    CHECK(as_text(lease.standard_span()) == standard_part("\xFF\xD8pixels\xFF\xD9"));
    CHECK(as_text(lease.advance_span()) == "\xFF\xD8pixels\xFF\xD9\r\n--" +
                                               std::string(boundary.text()) +
                                               "\r\nContent-Type: image/jpeg\r\n\r\n");
    CHECK(as_text(lease.jpeg_span()) == "\xFF\xD8pixels\xFF\xD9");
    CHECK(lease.sequence() == 5);
    CHECK(lease.buffer() == io::BufferId{7});
}

TEST_CASE("the largest frame of a byte stream fits into its slot with header and tail") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    WritableSlot neighbour = arena.take_slot();
    std::ranges::fill(neighbour.payload(), std::byte{0x55});
    FrameInfo info;
    info.jpeg_offset = slot.payload_offset();
    info.jpeg_bytes = geometry.payload_bytes();
    const FrameLease lease = arena.seal(std::move(slot), info, 1);
    const ConstByteSpan span = lease.advance_span();
    CHECK(span.data() + span.size() <= memory.bytes.data() + geometry.slot_bytes());
    CHECK(std::ranges::all_of(neighbour.payload(),
                              [](std::byte byte) { return byte == std::byte{0x55}; }));
}

TEST_CASE("the release of the last lease recycles the slot") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    const FrameInfo info = write_jpeg(slot, "jpeg", 0);
    FrameLease first = arena.seal(std::move(slot), info, 1);
    FrameLease second = first.share();
    CHECK(arena.lease_count(first.slot()) == 2);
    CHECK(arena.free_count() == 2);
    first.release();
    CHECK_FALSE(first.valid());
    CHECK(arena.free_count() == 2);
    second = FrameLease();
    CHECK(arena.free_count() == 3);
}

TEST_CASE(
    "a slot that is dropped unwritten is free again, and none is available when all are taken") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    {
        WritableSlot a = arena.take_slot();
        WritableSlot b = arena.take_slot();
        WritableSlot c = arena.take_slot();
        CHECK(c.valid());
        CHECK_FALSE(arena.take_slot().valid());
        a = std::move(b); // recycles the slot of `a`
        CHECK(arena.free_count() == 1);
    }
    CHECK(arena.free_count() == 3);
}

TEST_CASE("the release hook is called once for each recycled slot") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    arena.set_release_hook(
        [](ByteSpan slot) noexcept { std::ranges::fill(slot, std::byte{0xDD}); });
    WritableSlot slot = arena.take_slot();
    const FrameInfo info = write_jpeg(slot, "jpeg", 0);
    const std::byte* payload = slot.payload().data();
    FrameLease lease = arena.seal(std::move(slot), info, 1);
    CHECK(payload[0] == std::byte{'j'});
    lease.release();
    CHECK(payload[0] == std::byte{0xDD});
}

TEST_CASE("the reason of a placeholder is written into its part header, and not kept") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    FrameInfo info = write_jpeg(slot, "jpeg", 0);
    info.placeholder = true;
    info.reason = "the camera is unplugged";
    const FrameLease lease = arena.seal(std::move(slot), info, 1);
    CHECK(
        as_text(lease.standard_span()).find("\r\nX-Ringcast-Reason: the camera is unplugged\r\n") !=
        std::string_view::npos);
    CHECK(lease.info().reason.empty());
}

TEST_CASE("a repaired frame may begin in the headroom") {
    const std::size_t page = GENERATE(4096U, 16384U, 65536U);
    const SlotGeometry geometry = geometry_of(page);
    Memory memory(geometry);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    WritableSlot slot = arena.take_slot();
    REQUIRE(slot.memory().size() == geometry.slot_bytes());
    REQUIRE(slot.payload_offset() == page);
    REQUIRE(slot.payload().data() == slot.memory().data() + page);
    constexpr std::string_view jpeg = "\xFF\xD8tables pixels\xFF\xD9";
    FrameInfo info = write_jpeg(slot, jpeg, 0);
    info.jpeg_offset = http::part_header_bytes_max;
    std::memcpy(slot.memory().data() + info.jpeg_offset, jpeg.data(), jpeg.size());
    const FrameLease lease = arena.seal(std::move(slot), info, 1);
    CHECK(as_text(lease.standard_span()) == standard_part(jpeg));
}

TEST_CASE("an adopted slot contains frames like an own one and is recycled by its owner") {
    const std::size_t page = GENERATE(4096U, 16384U, 65536U);
    const SlotGeometry geometry = geometry_of(page);
    Memory memory(geometry);
    CameraMemory camera(page, 2);
    FrameArena arena(memory.bytes, geometry, boundary, io::BufferId{7});
    const std::optional<SlotIndex> first = arena.adopt(camera.slot(0), io::BufferId{8}, camera);
    const std::optional<SlotIndex> second = arena.adopt(camera.slot(1), std::nullopt, camera);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(*first != *second);
    CHECK_FALSE(arena.owns(*first));
    CHECK(arena.free_count() == 3);

    WritableSlot slot = arena.lend(*first);
    CHECK(slot.memory().data() == camera.slot(0).data());
    CHECK(slot.payload().data() == camera.slot(0).data() + page);
    CHECK(slot.payload().size() >= CameraMemory::frame_bytes_max);
    const FrameInfo info = write_jpeg(slot, "\xFF\xD8pixels\xFF\xD9", 0);
    FrameLease lease = arena.seal(std::move(slot), info, 5);
    CHECK(as_text(lease.standard_span()) == standard_part("\xFF\xD8pixels\xFF\xD9"));
    CHECK(lease.standard_span().data() >= camera.slot(0).data());
    CHECK(lease.buffer() == io::BufferId{8});
    CHECK(arena.free_count() == 3);
    FrameLease share = lease.share();
    lease.release();
    CHECK(camera.recycled.empty());
    share.release();
    CHECK(camera.recycled == std::vector{*first});

    FrameLease unregistered = arena.seal(arena.lend(*second), info, 6);
    CHECK_FALSE(unregistered.buffer().has_value());
    unregistered.release();
    CHECK(camera.recycled == std::vector{*first, *second});
    arena.disown(*first);
    arena.disown(*second);
}

TEST_CASE("an adopted slot that is lent and dropped unwritten is recycled by its owner") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    CameraMemory camera(4096, 1);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    const SlotIndex slot = arena.adopt(camera.slot(0), std::nullopt, camera).value();
    arena.lend(slot).reset();
    CHECK(camera.recycled == std::vector{slot});
    CHECK(arena.free_count() == 3);
    arena.disown(slot);
}

TEST_CASE("the entry of a disowned slot is reused, and the number of adopted slots is bounded") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    CameraMemory camera(4096, SlotGeometry::adopted_slots_max + 1);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    std::vector<SlotIndex> slots;
    for (std::size_t i = 0; i < SlotGeometry::adopted_slots_max; ++i) {
        slots.push_back(arena.adopt(camera.slot(i), std::nullopt, camera).value());
    }
    const ByteSpan more = camera.slot(SlotGeometry::adopted_slots_max);
    CHECK_FALSE(arena.adopt(more, std::nullopt, camera).has_value());
    arena.disown(slots[5]);
    CHECK(arena.adopt(more, std::nullopt, camera) == slots[5]);
    CHECK(arena.lend(slots[5]).memory().data() == more.data());
    for (const SlotIndex slot : slots) {
        arena.disown(slot);
    }
}

TEST_CASE("the release hook is called for an adopted slot before its owner recycles it") {
    const SlotGeometry geometry = geometry_of(4096);
    Memory memory(geometry);
    CameraMemory camera(4096, 1);
    FrameArena arena(memory.bytes, geometry, boundary, std::nullopt);
    arena.set_release_hook(
        [](ByteSpan slot) noexcept { std::ranges::fill(slot, std::byte{0xDD}); });
    const SlotIndex slot = arena.adopt(camera.slot(0), std::nullopt, camera).value();
    arena.lend(slot).reset();
    CHECK(camera.slot(0)[0] == std::byte{0xDD});
    CHECK(camera.recycled == std::vector{slot});
    arena.disown(slot);
}
