#include "encode/text_overlay.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/assert.hpp"
#include "font/font.hpp"

namespace ringcast::encode {

namespace {

/// Lines of a picture for one pixel of the font: text of 21 pixels in a picture of 720 lines.
constexpr int lines_per_font_pixel = 240;
constexpr int padding = 2; ///< of the box around the text, in pixels of the font
constexpr int margin = 2;  ///< from the box to the edges
constexpr int darkening = 4;

/// Room for 50 of the longest conversions, which 100 characters can be.
using Text = std::array<char, 2048>;

std::string_view write_text(Text& text, const config::OverlayConfig& overlay,
                            WallTime captured) noexcept {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(captured.time_since_epoch());
    const std::time_t time = seconds.count();
    std::tm parts{};
    static_cast<void>(::localtime_r(&time, &parts));
    // The configuration allows strftime's conversions, and nothing else that begins with %.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const std::size_t length =
        std::strftime(text.data(), text.size(), overlay.text.c_str(), &parts);
#pragma GCC diagnostic pop
    return {text.data(), length};
}

/// Pixels.
struct Box {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
};

int even(int value) noexcept {
    return value / 2 * 2;
}

/// Even edges, as colour has half the resolution. May be larger than the picture.
Box place(const RawPicture& picture, config::Corner corner, int text_width, int scale) noexcept {
    using config::Corner;
    Box box;
    box.width = even((text_width + 2 * padding) * scale + 1);
    box.height = even((font::glyph_height + 2 * padding) * scale + 1);
    const bool right = corner == Corner::top_right || corner == Corner::bottom_right;
    const bool bottom = corner == Corner::bottom_left || corner == Corner::bottom_right;
    const int away = even(margin * scale);
    box.x = right ? std::max(even(picture.width) - away - box.width, 0) : away;
    box.y = bottom ? std::max(even(picture.height) - away - box.height, 0) : away;
    return box;
}

/// The samples of one component, or the bytes of one colour.
struct Component {
    std::uint8_t* first = nullptr;
    std::size_t stride = 0;
    int step = 1;
    int column_shift = 0;
    int line_shift = 0;
    int width = 0; ///< samples
    int height = 0;
};

Component component_of(const RawPicture& picture, std::size_t index) noexcept {
    const PixelLayout& layout = layout_of(picture.format);
    ComponentLayout from{0, static_cast<std::uint8_t>(index), layout.planes[0].group_bytes, 0, 0};
    if (layout.component_count > 0) {
        from = layout.components[index];
    }
    const Plane& plane = picture.planes[from.plane];
    // The caller allows writing.
    auto* const bytes = const_cast<std::byte*>(plane.bytes.data()); // NOLINT(*-const-cast)
    return {reinterpret_cast<std::uint8_t*>(bytes) + from.offset,
            plane.stride,
            from.step,
            from.column_shift,
            from.line_shift,
            sample_count(picture.width, from.column_shift),
            sample_count(picture.height, from.line_shift)};
}

/// Calls `change` with each sample within the box.
template <typename Change>
void change_samples(const Component& component, const Box& box, const Change& change) noexcept {
    const int left = box.x >> component.column_shift;
    const int right = std::min((box.x + box.width) >> component.column_shift, component.width);
    const int bottom = std::min((box.y + box.height) >> component.line_shift, component.height);
    for (int y = box.y >> component.line_shift; y < bottom; ++y) {
        std::uint8_t* const line = component.first + static_cast<std::size_t>(y) * component.stride;
        for (int x = left; x < right; ++x) {
            std::uint8_t& sample = line[static_cast<std::ptrdiff_t>(x) * component.step];
            sample = change(sample);
        }
    }
}

/// Moves samples to `towards`, that of black or of no colour.
void darken(const Component& component, const Box& box, int towards) noexcept {
    change_samples(component, box, [towards](std::uint8_t sample) {
        return static_cast<std::uint8_t>(towards + (sample - towards) / darkening);
    });
}

void write_letter(const Component& component, char character, int x, int y, int scale,
                  std::uint8_t white) noexcept {
    for (const std::uint8_t line : font::glyph_of(character)) {
        for (int column = 0; column < font::glyph_width; ++column) {
            if (font::has_pixel(line, column)) {
                change_samples(component, {x + column * scale, y, scale, scale},
                               [white](std::uint8_t) { return white; });
            }
        }
        y += scale;
    }
}

} // namespace

std::string overlay_text(const config::OverlayConfig& overlay, WallTime captured) {
    Text text{};
    return std::string(write_text(text, overlay, captured));
}

void draw_overlay(const RawPicture& picture, const config::OverlayConfig& overlay,
                  WallTime captured) noexcept {
    RINGCAST_ASSERT(problem_of(picture).empty());
    Text buffer{};
    const std::string_view text = write_text(buffer, overlay, captured);
    if (text.empty()) {
        return;
    }
    const int width = static_cast<int>(text.size()) * font::glyph_advance - 1;
    const int fitting = picture.width / (width + 2 * (padding + margin));
    const int scale = std::max(std::min(picture.height / lines_per_font_pixel, fitting), 1);
    const Box box = place(picture, overlay.position, width, scale);
    const bool limited = picture.range == ColourRange::limited;
    const bool yuv = layout_of(picture.format).component_count > 0;
    const std::size_t count = picture.format == PixelFormat::grey ? 1 : 3;
    constexpr int no_colour = 128;
    constexpr int black_limited = 16;
    constexpr std::uint8_t white_limited = 235;
    for (std::size_t i = 0; i < count; ++i) {
        const Component component = component_of(picture, i);
        const bool colour = yuv && i > 0;
        darken(component, box, colour ? no_colour : yuv && limited ? black_limited : 0);
        if (!colour) {
            const std::uint8_t white = yuv && limited ? white_limited : std::uint8_t{255};
            int x = box.x + padding * scale;
            for (const char character : text) {
                write_letter(component, character, x, box.y + padding * scale, scale, white);
                x += font::glyph_advance * scale;
            }
        }
    }
}

} // namespace ringcast::encode
