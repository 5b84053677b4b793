#include "sim/frame_log.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <iterator>

#include <zlib.h>

#include "base/assert.hpp"
#include "jpeg/repair.hpp"

namespace ringcast::sim {

namespace {

constexpr std::size_t number_at = 6; ///< SOI, APP0, its length
constexpr std::array<unsigned char, number_at> opening{0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x0A};
constexpr std::size_t opening_bytes = number_at + sizeof(std::uint64_t);
constexpr std::size_t ending_bytes = 2;
constexpr std::size_t filler_bytes = 65536;

/// Pseudo-random bytes without 0xFF, which would begin a marker.
const std::array<std::byte, filler_bytes>& filler() {
    static const std::array<std::byte, filler_bytes> bytes = [] {
        std::array<std::byte, filler_bytes> made{};
        std::uint64_t state = 1;
        for (std::byte& byte : made) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            byte = static_cast<std::byte>((state >> 33U) % 255U);
        }
        return made;
    }();
    return bytes;
}

std::uint32_t checksum_of(ConstByteSpan bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Writes the opening with `number`, `header`, bytes that are a function of the number, EOI.
void write_frame(ByteSpan into, std::uint64_t number, ConstByteSpan header) {
    std::memcpy(into.data(), opening.data(), opening.size());
    std::memcpy(into.data() + number_at, &number, sizeof number);
    std::copy(header.begin(), header.end(), into.begin() + opening_bytes);
    ByteSpan rest = into.subspan(opening_bytes + header.size());
    const std::size_t begin = number * 997 % (filler_bytes / 2);
    while (!rest.empty()) {
        const std::size_t step = std::min(rest.size(), filler_bytes - begin);
        std::memcpy(rest.data(), filler().data() + begin, step);
        rest = rest.subspan(step);
    }
    into[into.size() - ending_bytes] = std::byte{0xFF};
    into[into.size() - 1] = std::byte{0xD9};
}

} // namespace

const Picture& FrameLog::make(ByteSpan into, Picture picture) {
    RINGCAST_ASSERT(into.size() >= picture_bytes_min);
    write_frame(into, pictures_.size(), {});
    return note(into, picture);
}

std::vector<std::byte> FrameLog::make_jpeg(std::size_t bytes, bool tables, Picture picture) {
    RINGCAST_ASSERT(bytes >= picture_bytes_min);
    std::vector<std::byte> header;
    const auto add = [&header](std::initializer_list<unsigned char> more) {
        std::transform(more.begin(), more.end(), std::back_inserter(header),
                       [](unsigned char byte) { return std::byte{byte}; });
    };
    if (tables) {
        add({0xFF, 0xC4, 0x00, 0x14, 0x00});                   // DHT, its length, which table
        add({1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}); // codes of each length
        add({7});
    }
    add({0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x30, 0x00, 0x40, 0x01, 0x01, 0x11, 0x00});
    add({0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3F, 0x00});
    std::vector<std::byte> jpeg(bytes);
    write_frame(jpeg, pictures_.size(), header);
    if (tables) {
        (void)note(jpeg, picture);
        return jpeg;
    }
    std::vector<std::byte> repaired(jpeg::huffman_tables_bytes);
    repaired.insert(repaired.end(), jpeg.begin(), jpeg.end());
    const auto frame = jpeg::repair_frame(repaired, jpeg::huffman_tables_bytes, bytes, 0);
    RINGCAST_ASSERT(frame.has_value());
    RINGCAST_ASSERT(frame->changed);
    (void)note(ByteSpan(repaired).subspan(frame->offset, frame->bytes), picture);
    return jpeg;
}

const Picture& FrameLog::note(ConstByteSpan jpeg, Picture picture) {
    picture.number = pictures_.size();
    picture.order = picture.derived ? picture.order : picture.number;
    picture.bytes = jpeg.size();
    picture.checksum = checksum_of(jpeg);
    pictures_.push_back(picture);
    return pictures_.back();
}

bool FrameLog::continues(io::StreamId expected, io::StreamId stream) const {
    const auto rendition =
        std::ranges::find(renditions_, stream, &std::pair<io::StreamId, io::StreamId>::second);
    if (rendition != renditions_.end()) {
        stream = rendition->first;
    }
    for (const auto& [earlier, next] : successors_) {
        if (expected == stream) {
            return true;
        }
        expected = expected == earlier ? next : expected;
    }
    return expected == stream;
}

std::optional<Picture> FrameLog::find(ConstByteSpan jpeg) const {
    std::uint64_t number = 0;
    if (jpeg.size() < picture_bytes_min) {
        return std::nullopt;
    }
    std::memcpy(&number, jpeg.data() + number_at, sizeof number);
    if (number >= pictures_.size() || pictures_[number].bytes != jpeg.size() ||
        pictures_[number].checksum != checksum_of(jpeg)) {
        return std::nullopt;
    }
    return pictures_[number];
}

} // namespace ringcast::sim
