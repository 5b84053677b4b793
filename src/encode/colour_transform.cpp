#include "encode/colour_transform.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"

namespace ringcast::encode {

namespace {

constexpr int fraction_bits = 16;
constexpr std::int32_t neutral = 128; ///< Cb and Cr of a grey pixel

/// Weights of red and blue in luma; green has the rest (ITU-R BT.601, BT.709).
struct Weights {
    double red;
    double blue;
};
constexpr Weights bt601{0.299, 0.114};
constexpr Weights bt709{0.2126, 0.0722};

std::int32_t fixed(double value) noexcept {
    return static_cast<std::int32_t>(std::lround(value * (1 << fraction_bits)));
}

std::uint8_t sample(std::int32_t value) noexcept {
    return static_cast<std::uint8_t>(std::clamp(value >> fraction_bits, 0, 255));
}

} // namespace

ColourTransform::ColourTransform(ColourRange range, ColourMatrix matrix) noexcept {
    const Weights& from = matrix == ColourMatrix::bt601 ? bt601 : bt709;
    const bool limited = range == ColourRange::limited;
    const double luma_gain = limited ? 255.0 / 219.0 : 1;
    const double colour_gain = limited ? 255.0 / 224.0 : 1;
    const std::int32_t black = limited ? 16 : 0;

    // Red = Y + red_gain * Cr, blue = Y + blue_gain * Cb, and green follows from Y, red and blue.
    const double red_gain = 2 * (1 - from.red) * colour_gain;
    const double blue_gain = 2 * (1 - from.blue) * colour_gain;
    const double green_share = 1 - from.red - from.blue;
    const double green_of_red = -red_gain * from.red / green_share;
    const double green_of_blue = -blue_gain * from.blue / green_share;

    // Luma of these three with the weights of BT.601.
    constexpr double green_601 = 1 - bt601.red - bt601.blue;
    const double luma_of_blue = green_601 * green_of_blue + bt601.blue * blue_gain;
    const double luma_of_red = bt601.red * red_gain + green_601 * green_of_red;
    constexpr double blue_scale = 2 * (1 - bt601.blue);
    constexpr double red_scale = 2 * (1 - bt601.red);

    const auto row = [black](double of_luma, double of_blue, double of_red, std::int32_t target) {
        Row made{fixed(of_luma), fixed(of_blue), fixed(of_red), 0};
        made.constant = (target << fraction_bits) + (1 << (fraction_bits - 1)) - made.luma * black -
                        (made.blue + made.red) * neutral;
        return made;
    };
    // Colour does not depend on luma, so grey stays grey.
    to_luma_ = row(luma_gain, luma_of_blue, luma_of_red, 0);
    to_blue_ = row(0, (blue_gain - luma_of_blue) / blue_scale, -luma_of_red / blue_scale, neutral);
    to_red_ = row(0, -luma_of_blue / red_scale, (red_gain - luma_of_red) / red_scale, neutral);
}

void ColourTransform::transform_luma(std::span<std::uint8_t> luma,
                                     std::span<const std::uint8_t> blue,
                                     std::span<const std::uint8_t> red) const noexcept {
    RINGCAST_ASSERT(blue.size() == red.size());
    const Row row = to_luma_;
    if (luma.size() == blue.size()) {
        for (std::size_t i = 0; i < blue.size(); ++i) {
            luma[i] =
                sample(row.luma * luma[i] + row.blue * blue[i] + row.red * red[i] + row.constant);
        }
        return;
    }
    RINGCAST_ASSERT(luma.size() == 2 * blue.size());
    for (std::size_t i = 0; i < blue.size(); ++i) {
        const std::int32_t tint = row.blue * blue[i] + row.red * red[i] + row.constant;
        luma[2 * i] = sample(row.luma * luma[2 * i] + tint);
        luma[2 * i + 1] = sample(row.luma * luma[2 * i + 1] + tint);
    }
}

void ColourTransform::transform_luma(std::span<std::uint8_t> luma) const noexcept {
    const std::int32_t gain = to_luma_.luma;
    const std::int32_t tint = (to_luma_.blue + to_luma_.red) * neutral + to_luma_.constant;
    for (std::uint8_t& value : luma) {
        value = sample(gain * value + tint);
    }
}

void ColourTransform::transform_colour(std::span<std::uint8_t> blue,
                                       std::span<std::uint8_t> red) const noexcept {
    RINGCAST_ASSERT(blue.size() == red.size());
    const Row to_blue = to_blue_;
    const Row to_red = to_red_;
    for (std::size_t i = 0; i < blue.size(); ++i) {
        const std::int32_t old_blue = blue[i];
        const std::int32_t old_red = red[i];
        blue[i] = sample(to_blue.blue * old_blue + to_blue.red * old_red + to_blue.constant);
        red[i] = sample(to_red.blue * old_blue + to_red.red * old_red + to_red.constant);
    }
}

} // namespace ringcast::encode
