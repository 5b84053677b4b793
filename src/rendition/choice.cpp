#include "rendition/choice.hpp"

#include <algorithm>

namespace ringcast::rendition {

namespace {

constexpr std::uint32_t scaled(std::uint32_t side, std::uint32_t eighths) noexcept {
    return (side * eighths + 7) / 8;
}

/// a * b / c, rounded to the nearest, at least 1.
constexpr std::uint32_t proportion(std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (a * b + c / 2) / c));
}

} // namespace

Size size_of(const source::PictureTarget& target, Size full) noexcept {
    if (target.eighths > 0) {
        return {scaled(full.width, target.eighths), scaled(full.height, target.eighths)};
    }
    if (full.width <= target.width && full.height <= target.height) {
        return full;
    }
    const bool wide =
        std::uint64_t{full.width} * target.height >= std::uint64_t{full.height} * target.width;
    return wide ? Size{target.width, proportion(full.height, target.width, full.width)}
                : Size{proportion(full.width, target.height, full.height), target.height};
}

const stream::RenditionSpec* smallest_of_width(std::span<const stream::RenditionSpec> renditions,
                                               Size full, std::uint32_t width) noexcept {
    const stream::RenditionSpec* smallest = nullptr;
    std::uint32_t smallest_width = full.width;
    if (full.height == 0) {
        return nullptr;
    }
    for (const stream::RenditionSpec& spec : renditions) {
        const std::uint32_t has = size_of(spec.target, full).width;
        if (has >= width && has < smallest_width) {
            smallest = &spec;
            smallest_width = has;
        }
    }
    return smallest;
}

std::string names_text(std::span<const stream::RenditionSpec> renditions) {
    std::string text(full_size);
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        text += i + 1 == renditions.size() ? " or " : ", ";
        text += renditions[i].name;
    }
    return text;
}

} // namespace ringcast::rendition
