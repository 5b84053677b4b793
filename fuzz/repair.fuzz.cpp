// A repaired frame lies within the memory, is one whole frame with the reported size, has the same
// picture data as before, and needs no second repair. A frame that is rejected is left unchanged.
//
// Input: one byte for the room in front of the frame and one for the headroom that must remain,
// both in units of `room_unit` bytes, then the frame.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/repair.hpp"

using namespace ringcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t room_unit = 4;

using Repaired = tl::expected<jpeg::RepairedFrame, jpeg::Fault>;

void check_frame(std::vector<std::byte>& memory, const std::vector<std::byte>& before,
                 std::size_t begin, std::size_t needed, const jpeg::RepairedFrame& repaired) {
    RINGCAST_ASSERT(repaired.offset >= needed);
    RINGCAST_ASSERT(repaired.offset <= memory.size());
    RINGCAST_ASSERT(repaired.bytes <= memory.size() - repaired.offset);
    RINGCAST_ASSERT(repaired.changed || (memory == before && repaired.offset == begin));
    const ConstByteSpan frame = ConstByteSpan(memory).subspan(repaired.offset, repaired.bytes);
    RINGCAST_ASSERT(frame[0] == std::byte{0xFF} && frame[1] == std::byte{0xD8});
    RINGCAST_ASSERT(frame[frame.size() - 2] == std::byte{0xFF} && frame.back() == std::byte{0xD9});
    const jpeg::ScanResult found = jpeg::scan_whole_frame(frame);
    RINGCAST_ASSERT(found.outcome == jpeg::ScanOutcome::frame);
    RINGCAST_ASSERT(found.bytes == repaired.bytes);
    RINGCAST_ASSERT(found.width == repaired.width && found.height == repaired.height);
    const std::size_t scan = repaired.offset + jpeg::inspect(frame)->scan_offset;
    RINGCAST_ASSERT(std::equal(memory.begin() + static_cast<std::ptrdiff_t>(scan), memory.end(),
                               before.begin() + static_cast<std::ptrdiff_t>(scan)));

    const std::vector<std::byte> once = memory;
    const Repaired again = jpeg::repair_frame(memory, repaired.offset, repaired.bytes, needed);
    RINGCAST_ASSERT(again.has_value());
    RINGCAST_ASSERT(!again->changed);
    RINGCAST_ASSERT(again->offset == repaired.offset && again->bytes == repaired.bytes);
    RINGCAST_ASSERT(memory == once);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ConstByteSpan input = std::as_bytes(std::span(data, size));
    if (input.size() < 2) {
        return 0;
    }
    const std::size_t room = room_unit * std::to_integer<std::size_t>(input[0]);
    const std::size_t needed = room_unit * std::to_integer<std::size_t>(input[1]);
    const ConstByteSpan given = input.subspan(2);
    std::vector<std::byte> memory(room, std::byte{0xA5});
    memory.insert(memory.end(), given.begin(), given.end());
    const std::vector<std::byte> before = memory;

    const Repaired repaired = jpeg::repair_frame(memory, room, given.size(), needed);
    if (!repaired.has_value()) {
        RINGCAST_ASSERT(memory == before);
        RINGCAST_ASSERT(repaired.error() != jpeg::Damage::none);
        RINGCAST_ASSERT(!jpeg::describe(repaired.error().damage).empty());
        return 0;
    }
    check_frame(memory, before, room, needed, *repaired);
    // scan_whole_frame followed by repair_header has the same result.
    std::vector<std::byte> memory_of_stream = before;
    const jpeg::ScanResult found = jpeg::scan_whole_frame(given);
    RINGCAST_ASSERT(jpeg::repair_header(memory_of_stream, room, found, needed) == *repaired);
    RINGCAST_ASSERT(memory_of_stream == memory);
    return 0;
}
