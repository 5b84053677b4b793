#include "jpeg/exif.hpp"

#include <cstring>
#include <string_view>

#include "base/assert.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

constexpr std::string_view exif_name{"Exif\0\0", 6};
constexpr std::uint16_t orientation_tag = 0x0112;
constexpr std::uint16_t short_type = 3;
constexpr std::uint8_t orientation_max = 8;
constexpr std::size_t field_bytes = 12; // tag, type, count, value

/// Reads numbers of a TIFF structure; its first bytes say in which byte order they are written.
class TiffReader {
public:
    explicit TiffReader(ConstByteSpan tiff) noexcept : tiff_(tiff) {
        constexpr std::string_view little("II*\0", 4);
        constexpr std::string_view big("MM\0*", 4);
        const std::string_view text = as_text(tiff);
        little_ = text.starts_with(little);
        valid_ = little_ || text.starts_with(big);
    }
    [[nodiscard]] bool valid() const noexcept { return valid_; }
    [[nodiscard]] bool holds(std::size_t offset, std::size_t bytes) const noexcept {
        return bytes <= tiff_.size() && offset <= tiff_.size() - bytes;
    }
    [[nodiscard]] std::uint16_t word(std::size_t offset) const noexcept {
        const std::uint16_t value = word_at(tiff_, offset);
        return little_ ? static_cast<std::uint16_t>((value << 8U) | (value >> 8U)) : value;
    }
    [[nodiscard]] std::uint32_t long_word(std::size_t offset) const noexcept {
        const std::uint32_t first = word(offset);
        const std::uint32_t second = word(offset + 2);
        return little_ ? (second << 16U) | first : (first << 16U) | second;
    }

private:
    ConstByteSpan tiff_;
    bool little_ = false;
    bool valid_ = false;
};

} // namespace

std::uint8_t read_orientation(ConstByteSpan app1_content) noexcept {
    if (!as_text(app1_content).starts_with(exif_name)) {
        return upright;
    }
    const TiffReader tiff(app1_content.subspan(exif_name.size()));
    constexpr std::size_t header_bytes = 8; // byte order, 42, offset of the first directory
    if (!tiff.valid() || !tiff.holds(0, header_bytes)) {
        return upright;
    }
    std::size_t at = tiff.long_word(4);
    if (!tiff.holds(at, 2)) {
        return upright;
    }
    const std::uint16_t field_count = tiff.word(at);
    at += 2;
    for (std::uint16_t i = 0; i < field_count && tiff.holds(at, field_bytes); ++i) {
        if (tiff.word(at) == orientation_tag) {
            const std::uint16_t value = tiff.word(at + 8);
            const bool known = tiff.word(at + 2) == short_type && tiff.long_word(at + 4) == 1 &&
                               value >= upright && value <= orientation_max;
            return known ? static_cast<std::uint8_t>(value) : upright;
        }
        at += field_bytes;
    }
    return upright;
}

void write_orientation_segment(ByteSpan at, std::uint8_t orientation) noexcept {
    RINGCAST_ASSERT(at.size() >= orientation_segment_bytes);
    RINGCAST_ASSERT(orientation >= upright && orientation <= orientation_max);
    using namespace std::string_view_literals;
    // Marker, length (which includes its own two bytes), "Exif", TIFF header; then a directory with
    // one field, and an offset of zero because no other directory follows.
    constexpr std::string_view segment = "\xFF\xE1\0\x22"
                                         "Exif\0\0MM\0*\0\0\0\x08"
                                         "\0\x01"
                                         "\x01\x12\0\x03\0\0\0\x01\0\x01\0\0"
                                         "\0\0\0\0"sv;
    static_assert(segment.size() == orientation_segment_bytes);
    constexpr std::size_t value_offset = 29;
    std::memcpy(at.data(), segment.data(), segment.size());
    at[value_offset] = std::byte{orientation};
}

} // namespace ringcast::jpeg
