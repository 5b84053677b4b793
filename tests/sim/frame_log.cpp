#include "sim/frame_log.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <zlib.h>

#include "ringcast/base/assert.hpp"

namespace ringcast::sim {

namespace {

constexpr std::size_t number_at = 6; ///< SOI, COM, its length
constexpr std::array<unsigned char, number_at> opening{0xFF, 0xD8, 0xFF, 0xFE, 0x00, 0x0A};
constexpr std::size_t filler_bytes = 65536;

/// Bytes without a pattern and without 0xFF, which would begin a marker.
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

} // namespace

const Picture& FrameLog::make(ByteSpan into, Picture picture) {
    RINGCAST_ASSERT(into.size() >= picture_bytes_min);
    picture.number = pictures_.size();
    picture.bytes = into.size();
    std::memcpy(into.data(), opening.data(), opening.size());
    std::memcpy(into.data() + number_at, &picture.number, sizeof picture.number);
    ByteSpan rest = into.subspan(number_at + sizeof picture.number);
    const std::size_t begin = picture.number * 997 % (filler_bytes / 2);
    while (!rest.empty()) {
        const std::size_t step = std::min(rest.size(), filler_bytes - begin);
        std::memcpy(rest.data(), filler().data() + begin, step);
        rest = rest.subspan(step);
    }
    into[into.size() - 2] = std::byte{0xFF};
    into[into.size() - 1] = std::byte{0xD9};
    picture.checksum = checksum_of(into);
    pictures_.push_back(picture);
    return pictures_.back();
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
