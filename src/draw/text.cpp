#include "draw/text.hpp"

#include <cstddef>

#include "base/assert.hpp"
#include "font/font.hpp"

namespace ringcast::draw {

namespace {

/// True for all bytes of a UTF-8 character except its first, so that each character has one glyph.
bool continues_character(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::size_t character_count(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char byte : text) {
        count += continues_character(byte) ? 0U : 1U;
    }
    return count;
}

/// Number of bytes in the first `count` characters.
std::size_t bytes_of_characters(std::string_view text, std::size_t count) noexcept {
    std::size_t at = 0;
    while (at < text.size() && (count > 0 || continues_character(text[at]))) {
        count -= continues_character(text[at]) ? 0U : 1U;
        ++at;
    }
    return at;
}

} // namespace

int text_width(std::string_view text, int scale) noexcept {
    const auto count = static_cast<int>(character_count(text));
    return count == 0 ? 0 : (count * glyph_advance - (glyph_advance - glyph_width)) * scale;
}

void draw_text(Picture& picture, int x, int y, int scale, std::string_view text,
               std::uint8_t luma) noexcept {
    RINGCAST_ASSERT(scale >= 1);
    for (const char character : text) {
        if (continues_character(character)) {
            continue;
        }
        int top = y;
        for (const std::uint8_t line : font::glyph_of(character)) {
            for (int column = 0; column < glyph_width; ++column) {
                if (font::has_pixel(line, column)) {
                    fill_luma(picture, {x + column * scale, top, scale, scale}, luma);
                }
            }
            top += scale;
        }
        x += glyph_advance * scale;
    }
}

std::vector<std::string_view> wrap_text(std::string_view text, std::size_t columns) {
    RINGCAST_ASSERT(columns >= 1);
    std::vector<std::string_view> lines;
    for (;;) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) {
            return lines;
        }
        text.remove_prefix(begin);
        std::size_t length = bytes_of_characters(text, columns);
        if (length < text.size() && text[length] != ' ') {
            const std::size_t space = text.substr(0, length).rfind(' ');
            length = space == std::string_view::npos ? length : space;
        }
        const std::string_view line = text.substr(0, length);
        lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
        text.remove_prefix(length);
    }
}

} // namespace ringcast::draw
