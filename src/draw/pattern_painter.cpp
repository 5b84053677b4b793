#include "draw/pattern_painter.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "base/assert.hpp"
#include "draw/pattern_block.hpp"
#include "draw/text.hpp"

namespace ringcast::draw {

namespace {

// Duration of one cycle, microseconds. The ball's two have no small common multiple.
constexpr std::int64_t rainbow_period = 4'000'000;
constexpr std::int64_t ball_period_x = 5'300'000;
constexpr std::int64_t ball_period_y = 3'700'000;

constexpr std::array bar_colours = {rgb(235, 235, 235), rgb(225, 205, 40), rgb(40, 200, 205),
                                    rgb(50, 185, 60),   rgb(190, 60, 185), rgb(205, 45, 45),
                                    rgb(45, 70, 200)};
constexpr Colour ball_colour = rgb(255, 140, 30);
constexpr Colour backdrop_colour = rgb(26, 34, 48);
constexpr Colour cap_colour = rgb(52, 64, 84);
constexpr std::uint8_t grid_luma = 68;
constexpr std::uint8_t ring_luma = 225;
constexpr std::uint8_t text_luma = 235;
/// The ring overlaps the disc to hide the steps at its edge, which is drawn in pairs of lines.
constexpr int ring_overlap = 3;

/// Colour has half the resolution, so it is drawn at even coordinates.
constexpr int even(int coordinate) noexcept {
    return coordinate & ~1;
}

constexpr std::uint8_t blend(std::uint8_t below, std::uint8_t above, int cover) noexcept {
    return static_cast<std::uint8_t>((below * (255 - cover) + above * cover + 127) / 255);
}

/// Coverage of a pixel at `distance` outside an edge, 0 to 255.
int edge_cover(double distance) noexcept {
    return static_cast<int>(std::clamp(0.5 - distance, 0.0, 1.0) * 255);
}

/// Goes from 0 to `span` and back in one period.
int swing(std::int64_t time, std::int64_t period, int span) noexcept {
    const std::int64_t phase = time % period;
    const std::int64_t way = 2 * std::min(phase, period - phase);
    return static_cast<int>(span * way / period);
}

/// A colour on the colour circle; `position` is 0 to 1.
Colour hue(double position) noexcept {
    const auto channel = [position](double offset) {
        const double angle = 2 * 3.14159265358979 * (position + offset);
        return static_cast<int>(128 + 110 * std::cos(angle));
    };
    return rgb(channel(0), channel(2.0 / 3), channel(1.0 / 3));
}

std::uint8_t& sample(Picture& picture, Channel channel, int x, int y) noexcept {
    return picture.row(channel, y)[static_cast<std::size_t>(x)];
}

} // namespace

PatternPainter::PatternPainter(int width, int height, double fps)
    : backdrop_(width, height), picture_(width, height), centre_x_(even(width / 2)),
      centre_y_(even(height / 2)), radius_(std::min(width, height) * 44 / 100),
      ring_width_(std::max(2, radius_ / 50)), ball_radius_(std::max(4, even(radius_ / 7))) {
    RINGCAST_ASSERT(width >= size_min);
    RINGCAST_ASSERT(height >= size_min);
    clock_ = {slice_edge(-0.18), slice_edge(0.18)};
    rainbow_ = {slice_edge(0.18), slice_edge(0.40)};
    counter_ = {slice_edge(0.40), slice_edge(0.62)};
    draw_backdrop();
    draw_disc();
    draw_ring();
    draw_labels(fps);
    prepare_rainbow();
    prepare_ball();
    copy(picture_, backdrop_, {0, 0, picture_.padded_width(), picture_.padded_height()});
}

const Picture& PatternPainter::paint(std::uint64_t sequence, WallTime captured) noexcept {
    using namespace std::chrono;
    const std::int64_t microseconds = std::max<std::int64_t>(
        duration_cast<std::chrono::microseconds>(captured.time_since_epoch()).count(), 0);
    copy(picture_, backdrop_, ball_area_);
    draw_rainbow(microseconds);

    const hh_mm_ss time(milliseconds(microseconds / 1000 % milliseconds(days(1)).count()));
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d UTC",
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()),
                  static_cast<int>(time.subseconds().count()));
    draw_line(clock_, text.data());
    std::snprintf(text.data(), text.size(), "#%08llu", static_cast<unsigned long long>(sequence));
    draw_line(counter_, text.data());

    draw_ball(microseconds);
    draw_pattern_block(
        picture_, {static_cast<std::uint32_t>(sequence), static_cast<std::uint64_t>(microseconds)});
    return picture_;
}

int PatternPainter::slice_edge(double radii_below_centre) const noexcept {
    return even(centre_y_ + static_cast<int>(radii_below_centre * radius_));
}

/// Half the width of the disc at that line, without the ring.
int PatternPainter::half_chord(int y) const noexcept {
    const double inner = radius_ - ring_width_;
    const double below = y + 1 - centre_y_; // the middle of two lines, which share their colour
    return even(static_cast<int>(std::sqrt(std::max(0.0, inner * inner - below * below))));
}

/// Half the width of the widest rectangle in that slice.
int PatternPainter::chord_within(Slice slice) const noexcept {
    return std::min(half_chord(slice.top), half_chord(slice.bottom - 2));
}

void PatternPainter::draw_backdrop() {
    const int height = backdrop_.padded_height();
    const int width = backdrop_.padded_width();
    for (int y = 0; y < height; y += 2) {
        Colour colour = backdrop_colour;
        colour.y = static_cast<std::uint8_t>(colour.y + 22 * y / height);
        fill(backdrop_, {0, y, width, 2}, colour);
    }
    const int step = std::max(8, even(radius_ * 2 / 9));
    const int line = std::max(1, radius_ / 200);
    for (int x = centre_x_ % step; x < width; x += step) {
        fill_luma(backdrop_, {x, 0, line, height}, grid_luma);
    }
    for (int y = centre_y_ % step; y < height; y += step) {
        fill_luma(backdrop_, {0, y, width, line}, grid_luma);
    }
}

void PatternPainter::draw_disc() {
    const int bars_top = slice_edge(-0.62);
    constexpr int bar_count = static_cast<int>(bar_colours.size());
    for (int y = even(centre_y_ - radius_ + ring_width_); y < centre_y_ + radius_ - ring_width_;
         y += 2) {
        const int half = half_chord(y);
        const bool black = y >= clock_.top && y < counter_.bottom;
        fill(backdrop_, {centre_x_ - half, y, 2 * half, 2}, black ? Colour{} : cap_colour);
        if (y < bars_top || y >= clock_.top) {
            continue;
        }
        // The bars divide the square around the disc and are clipped to the disc.
        for (int bar = 0; bar < bar_count; ++bar) {
            const auto edge = [this, half](int index) {
                const int x = even(centre_x_ - radius_ + 2 * radius_ * index / bar_count);
                return std::clamp(x, centre_x_ - half, centre_x_ + half);
            };
            fill(backdrop_, {edge(bar), y, edge(bar + 1) - edge(bar), 2},
                 bar_colours[static_cast<std::size_t>(bar)]);
        }
    }
}

void PatternPainter::draw_ring() {
    for (int y = centre_y_ - radius_ - 1; y <= centre_y_ + radius_; ++y) {
        for (int x = centre_x_ - radius_ - 1; x <= centre_x_ + radius_; ++x) {
            const double distance = std::hypot(x + 0.5 - centre_x_, y + 0.5 - centre_y_);
            const double outside =
                std::max(distance - radius_, radius_ - ring_width_ - ring_overlap - distance);
            std::uint8_t& luma = sample(backdrop_, Channel::luma, x, y);
            luma = blend(luma, ring_luma, edge_cover(outside));
        }
    }
}

void PatternPainter::draw_labels(double fps) {
    const int scale = std::max(1, radius_ / 105);
    const int margin = scale * 4;
    const int top = backdrop_.height() - margin - glyph_height * scale;
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%dx%d %g fps", backdrop_.width(), backdrop_.height(),
                  fps);
    constexpr std::string_view name = "ringcast";
    const int right = backdrop_.width() - margin - text_width(text.data(), scale);
    if (right < margin || top < centre_y_ + radius_) {
        return;
    }
    draw_text(backdrop_, right, top, scale, text.data(), text_luma);
    if (margin + text_width(name, scale) + margin < right) {
        draw_text(backdrop_, margin, top, scale, name, text_luma);
    }
}

void PatternPainter::prepare_rainbow() {
    const int cycle = picture_.padded_width();
    for (int x = 0; x < 2 * cycle; ++x) {
        const Colour colour = hue(static_cast<double>(x % cycle) / cycle);
        rainbow_luma_.push_back(colour.y);
        if (x % 2 == 0) {
            rainbow_blue_.push_back(colour.u);
            rainbow_red_.push_back(colour.v);
        }
    }
}

void PatternPainter::prepare_ball() {
    const int size = 2 * ball_radius_;
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            const double right = (x + 0.5) / ball_radius_ - 1;
            const double below = (y + 0.5) / ball_radius_ - 1;
            const double distance = std::hypot(right, below);
            // Lit from the upper left.
            const double light =
                std::clamp(1.1 - std::hypot(right + 0.35, below + 0.4) * 0.62, 0.2, 1.0);
            ball_.push_back({static_cast<std::uint8_t>(edge_cover((distance - 1) * ball_radius_)),
                             static_cast<std::uint8_t>(light * (ball_colour.y + 60))});
        }
    }
}

void PatternPainter::draw_rainbow(std::int64_t microseconds) noexcept {
    const int cycle = picture_.padded_width();
    const std::int64_t phase = rainbow_period - 1 - microseconds % rainbow_period;
    const int shift = even(static_cast<int>(cycle * phase / rainbow_period));
    const auto draw = [this](Channel channel, int y, int left, int width, int from,
                             const std::vector<std::uint8_t>& colours) {
        std::copy_n(colours.begin() + from, width, picture_.row(channel, y).begin() + left);
    };
    const int half = even(chord_within(rainbow_) * 19 / 20);
    const int left = centre_x_ - half;
    for (int y = rainbow_.top; y < rainbow_.bottom; y += 2) {
        draw(Channel::luma, y, left, 2 * half, shift + left, rainbow_luma_);
        draw(Channel::luma, y + 1, left, 2 * half, shift + left, rainbow_luma_);
        draw(Channel::blue, y / 2, left / 2, half, (shift + left) / 2, rainbow_blue_);
        draw(Channel::red, y / 2, left / 2, half, (shift + left) / 2, rainbow_red_);
    }
}

/// Draws one line of text in the middle of a black slice, as large as fits; nothing when it would
/// be too small to read.
void PatternPainter::draw_line(Slice slice, const char* text) noexcept {
    const int room = 2 * chord_within(slice) * 9 / 10;
    const int scale =
        std::min(room / text_width(text, 1), (slice.bottom - slice.top) * 3 / 4 / glyph_height);
    if (scale < 1) {
        return;
    }
    const Rectangle area = {even(centre_x_ - text_width(text, scale) / 2),
                            even((slice.top + slice.bottom - glyph_height * scale) / 2),
                            text_width(text, scale), glyph_height * scale};
    fill_luma(picture_, area, 0);
    draw_text(picture_, area.x, area.y, scale, text, text_luma);
}

void PatternPainter::draw_ball(std::int64_t microseconds) noexcept {
    const int size = 2 * ball_radius_;
    ball_area_ = {even(swing(microseconds, ball_period_x, picture_.width() - size)),
                  even(swing(microseconds, ball_period_y, picture_.height() - size)), size, size};
    const auto pixel = [this, size](int x, int y) -> const BallPixel& {
        return ball_[static_cast<std::size_t>(y) * static_cast<std::size_t>(size) +
                     static_cast<std::size_t>(x)];
    };
    for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
            std::uint8_t& luma =
                sample(picture_, Channel::luma, ball_area_.x + x, ball_area_.y + y);
            luma = blend(luma, pixel(x, y).luma, pixel(x, y).cover);
        }
    }
    for (int y = 0; y < size; y += 2) {
        for (int x = 0; x < size; x += 2) {
            const int left = (ball_area_.x + x) / 2;
            const int top = (ball_area_.y + y) / 2;
            std::uint8_t& blue = sample(picture_, Channel::blue, left, top);
            std::uint8_t& red = sample(picture_, Channel::red, left, top);
            const int cover = pixel(x, y).cover;
            blue = blend(blue, ball_colour.u, cover);
            red = blend(red, ball_colour.v, cover);
        }
    }
}

} // namespace ringcast::draw
