#include "draw/no_signal_picture.hpp"

#include <algorithm>
#include <new>
#include <optional>

#include "base/assert.hpp"
#include "draw/jpeg_encoder.hpp"
#include "draw/picture.hpp"
#include "draw/text.hpp"

namespace ringcast::draw {

namespace {

constexpr int quality = 80;
constexpr std::string_view title = "NO SIGNAL";
constexpr Colour background = rgb(18, 22, 30);
constexpr Colour accent = rgb(240, 160, 40);
constexpr std::uint8_t title_luma = 235;
constexpr std::uint8_t reason_luma = 170;
constexpr std::uint8_t name_luma = 120;

/// Size of a picture, pixels.
struct Size {
    int width = 0;
    int height = 0;
};
constexpr Size picture_size_max{1920, 1080};
/// Reduced sizes stay at least this large, so that the title and one line of the reason are
/// readable.
constexpr Size readable_min{320, 180};

Size drawn_size(Size asked) noexcept {
    const Size size{std::max(asked.width, 1), std::max(asked.height, 1)};
    const double scale = std::min(static_cast<double>(picture_size_max.width) / size.width,
                                  static_cast<double>(picture_size_max.height) / size.height);
    if (scale >= 1) {
        return size;
    }
    return {std::max(static_cast<int>(size.width * scale), readable_min.width),
            std::max(static_cast<int>(size.height * scale), readable_min.height)};
}

void draw_background(Picture& picture) {
    for (int y = 0; y < picture.padded_height(); y += 2) {
        Colour colour = background;
        colour.y = static_cast<std::uint8_t>(colour.y + 26 * y / picture.padded_height());
        fill(picture, {0, y, picture.padded_width(), 2}, colour);
    }
}

void draw_centred(Picture& picture, int y, int scale, std::string_view text, std::uint8_t luma) {
    draw_text(picture, (picture.width() - text_width(text, scale)) / 2, y, scale, text, luma);
}

/// Draws title, coloured line and reason as one block in the middle.
void draw_message(Picture& picture, std::string_view reason) {
    const int room = picture.width() * 7 / 10;
    const int title_scale =
        std::min(room / text_width(title, 1), picture.height() / 5 / glyph_height);
    if (title_scale < 1) {
        return;
    }
    const int reason_scale = std::max(1, title_scale / 3);
    const int line_height = (glyph_height + 4) * reason_scale;
    const int columns = std::max(1, picture.width() * 85 / 100 / (glyph_advance * reason_scale));
    const int bar_height = std::max(2, title_scale) & ~1;
    const int gap = 4 * title_scale;

    const int title_height = glyph_height * title_scale;
    const int reason_offset = title_height + gap + bar_height + gap;
    std::vector<std::string_view> lines = wrap_text(reason, static_cast<std::size_t>(columns));
    const int margin = 2 * glyph_height * reason_scale;
    const int lines_max =
        std::max(0, (picture.height() - reason_offset - 2 * margin) / line_height);
    lines.resize(std::min(lines.size(), static_cast<std::size_t>(lines_max)));

    const int height = reason_offset + static_cast<int>(lines.size()) * line_height;
    int y = (picture.height() - height) / 2;
    draw_centred(picture, y, title_scale, title, title_luma);
    const int bar_width = text_width(title, title_scale) & ~1;
    fill(picture,
         {((picture.width() - bar_width) / 2) & ~1, (y + title_height + gap) & ~1, bar_width,
          bar_height},
         accent);
    y += reason_offset;
    for (const std::string_view line : lines) {
        draw_centred(picture, y, reason_scale, line, reason_luma);
        y += line_height;
    }
}

void draw_name(Picture& picture, std::string_view name) {
    const int scale = std::max(1, std::min(picture.width(), picture.height()) / 240);
    const int margin = 5 * scale;
    if (text_width(name, scale) + 2 * margin <= picture.width() &&
        picture.height() >= 100) { // a smaller picture has room only for the message
        draw_text(picture, margin, margin, scale, name, name_luma);
    }
}

} // namespace

std::vector<std::byte> draw_no_signal(std::string_view stream_name, std::string_view reason,
                                      int width, int height) {
    const Size size = drawn_size({width, height});
    Picture picture(size.width, size.height);
    draw_background(picture);
    draw_message(picture, reason);
    draw_name(picture, stream_name);

    JpegEncoder encoder;
    const std::size_t samples = static_cast<std::size_t>(picture.padded_width()) *
                                static_cast<std::size_t>(picture.padded_height()) * 3 / 2;
    constexpr std::size_t tables = 4096;
    // The first size is far more than such a picture needs, and no JPEG is twice as large as its
    // samples.
    for (std::size_t room = tables + samples / 8;; room *= 2) {
        RINGCAST_ASSERT(room / 4 <= tables + samples);
        std::vector<std::byte> jpeg(room);
        const std::optional<std::size_t> bytes =
            encoder.encode(picture, quality, std::nullopt, jpeg);
        if (bytes.has_value()) {
            jpeg.resize(*bytes);
            return jpeg;
        }
        if (encoder.out_of_memory()) {
            throw std::bad_alloc(); // as for `jpeg`
        }
    }
}

} // namespace ringcast::draw
