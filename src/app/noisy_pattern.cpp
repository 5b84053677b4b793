#include "app/noisy_pattern.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "draw/pattern_painter.hpp"

namespace ringcast::app {

namespace {

/// Adds a sensor's noise with the given standard deviation, in steps of 8-bit samples.
class Noise {
public:
    explicit Noise(double deviation) : normal_(0, deviation) {}
    std::uint8_t on(std::uint8_t value) {
        const double noisy = std::clamp(value + normal_(random_), 0.0, 255.0);
        return static_cast<std::uint8_t>(std::lround(noisy));
    }

private:
    std::mt19937 random_{7};
    std::normal_distribution<double> normal_;
};

/// The channel's visible samples with noise, packed.
std::vector<std::uint8_t> noisy_plane(const draw::Picture& picture, draw::Channel channel,
                                      Noise& noise) {
    const int shift = channel == draw::Channel::luma ? 0 : 1;
    const auto width = static_cast<std::size_t>(encode::sample_count(picture.width(), shift));
    std::vector<std::uint8_t> plane;
    for (int y = 0; y < encode::sample_count(picture.height(), shift); ++y) {
        for (const std::uint8_t value : picture.row(channel, y).first(width)) {
            plane.push_back(noise.on(value));
        }
    }
    return plane;
}

/// Makes YUYV from 4:2:0 planes; each chroma line is used for two lines.
std::vector<std::uint8_t> interleaved(const std::vector<std::vector<std::uint8_t>>& planes,
                                      std::size_t width, std::size_t height) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width / 2; ++x) {
            const std::size_t luma = y * width + 2 * x;
            const std::size_t colour = y / 2 * (width / 2) + x;
            bytes.insert(bytes.end(), {planes[0][luma], planes[1][colour], planes[0][luma + 1],
                                       planes[2][colour]});
        }
    }
    return bytes;
}

encode::Plane plane_of(const std::vector<std::uint8_t>& samples, std::size_t stride) {
    return {std::as_bytes(std::span(samples)), stride};
}

OwnedPicture noisy(const draw::Picture& painted, encode::PixelFormat format) {
    constexpr double luma_deviation = 3;
    constexpr double colour_deviation = 2;
    Noise luma_noise(luma_deviation);
    Noise colour_noise(colour_deviation);
    OwnedPicture made;
    made.planes = {noisy_plane(painted, draw::Channel::luma, luma_noise),
                   noisy_plane(painted, draw::Channel::blue, colour_noise),
                   noisy_plane(painted, draw::Channel::red, colour_noise)};
    made.picture.format = format;
    made.picture.width = painted.width();
    made.picture.height = painted.height();
    const auto width = static_cast<std::size_t>(painted.width());
    if (format == encode::PixelFormat::yuyv) {
        made.planes = {interleaved(made.planes, width, static_cast<std::size_t>(painted.height()))};
        made.picture.planes[0] = plane_of(made.planes[0], 2 * width);
        return made;
    }
    for (std::size_t i = 0; i < made.planes.size(); ++i) {
        made.picture.planes[i] = plane_of(made.planes[i], i == 0 ? width : width / 2);
    }
    return made;
}

} // namespace

std::vector<OwnedPicture> noisy_pattern(config::PictureSize size, encode::PixelFormat format,
                                        int count) {
    RINGCAST_ASSERT(format == encode::PixelFormat::yuv420 || format == encode::PixelFormat::yuyv);
    RINGCAST_ASSERT(size.width % 2 == 0);
    RINGCAST_ASSERT(size.height % 2 == 0);
    constexpr double fps = 30; // only written into the picture
    draw::PatternPainter painter(size.width, size.height, fps);
    std::vector<OwnedPicture> pictures;
    for (int i = 0; i < count; ++i) {
        const WallTime captured(std::chrono::milliseconds(100) * i);
        pictures.push_back(noisy(painter.paint(static_cast<std::uint64_t>(i), captured), format));
    }
    return pictures;
}

} // namespace ringcast::app
