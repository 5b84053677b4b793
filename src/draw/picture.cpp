#include "draw/picture.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace ringcast::draw {

namespace {

constexpr int block = 16;
constexpr int size_max = 65500; // JPEG_MAX_DIMENSION
constexpr std::uint8_t no_colour = 128;

constexpr int rounded_up(int size) noexcept {
    return (size + block - 1) / block * block;
}

/// The part of a line from `begin` up to, excluding, `end`.
template <typename Sample>
std::span<Sample> part(std::span<Sample> line, int begin, int end) noexcept {
    return line.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

} // namespace

Picture::Picture(int width, int height)
    : width_(width), height_(height), padded_width_(rounded_up(width)),
      padded_height_(rounded_up(height)) {
    RINGCAST_ASSERT(width >= 1);
    RINGCAST_ASSERT(width <= size_max);
    RINGCAST_ASSERT(height >= 1);
    RINGCAST_ASSERT(height <= size_max);
    const auto pixels =
        static_cast<std::size_t>(padded_width_) * static_cast<std::size_t>(padded_height_);
    samples_.resize(pixels, 0);
    samples_.resize(pixels + pixels / 2, no_colour);
}

std::span<std::uint8_t> Picture::row(Channel channel, int y) noexcept {
    return std::span(samples_).subspan(row_offset(channel, y), row_length(channel));
}

std::span<const std::uint8_t> Picture::row(Channel channel, int y) const noexcept {
    return std::span(samples_).subspan(row_offset(channel, y), row_length(channel));
}

std::size_t Picture::row_offset(Channel channel, int y) const noexcept {
    const auto pixels =
        static_cast<std::size_t>(padded_width_) * static_cast<std::size_t>(padded_height_);
    const std::size_t in_plane = static_cast<std::size_t>(y) * row_length(channel);
    switch (channel) {
    case Channel::luma:
        return in_plane;
    case Channel::blue:
        return pixels + in_plane;
    case Channel::red:
        return pixels + pixels / 4 + in_plane;
    }
    return 0;
}

std::size_t Picture::row_length(Channel channel) const noexcept {
    return static_cast<std::size_t>(channel == Channel::luma ? padded_width_ : padded_width_ / 2);
}

Rectangle clip(const Picture& picture, Rectangle area) noexcept {
    const int left = std::clamp(area.x, 0, picture.padded_width());
    const int top = std::clamp(area.y, 0, picture.padded_height());
    const int right = std::clamp(area.x + area.width, left, picture.padded_width());
    const int bottom = std::clamp(area.y + area.height, top, picture.padded_height());
    return {left, top, right - left, bottom - top};
}

void fill(Picture& picture, Rectangle area, Colour colour) noexcept {
    fill_luma(picture, area, colour.y);
    area = clip(picture, area);
    const int right = (area.x + area.width + 1) / 2;
    const int bottom = (area.y + area.height + 1) / 2;
    for (int y = area.y / 2; y < bottom; ++y) {
        std::ranges::fill(part(picture.row(Channel::blue, y), area.x / 2, right), colour.u);
        std::ranges::fill(part(picture.row(Channel::red, y), area.x / 2, right), colour.v);
    }
}

void fill_luma(Picture& picture, Rectangle area, std::uint8_t luma) noexcept {
    area = clip(picture, area);
    for (int y = area.y; y < area.y + area.height; ++y) {
        std::ranges::fill(part(picture.row(Channel::luma, y), area.x, area.x + area.width), luma);
    }
}

void copy(Picture& to, const Picture& from, Rectangle area) noexcept {
    RINGCAST_ASSERT(to.width() == from.width());
    RINGCAST_ASSERT(to.height() == from.height());
    area = clip(to, area);
    const auto copy_rows = [&to, &from](Channel channel, int left, int right, int top, int bottom) {
        for (int y = top; y < bottom; ++y) {
            std::ranges::copy(part(from.row(channel, y), left, right),
                              part(to.row(channel, y), left, right).begin());
        }
    };
    const int right = area.x + area.width;
    const int bottom = area.y + area.height;
    copy_rows(Channel::luma, area.x, right, area.y, bottom);
    copy_rows(Channel::blue, area.x / 2, (right + 1) / 2, area.y / 2, (bottom + 1) / 2);
    copy_rows(Channel::red, area.x / 2, (right + 1) / 2, area.y / 2, (bottom + 1) / 2);
}

} // namespace ringcast::draw
