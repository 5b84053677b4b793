#include "camera/camera_offer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/units.hpp"

namespace ringcast::camera {

namespace {

using config::PictureSize;

bool fits(PictureSize size, PictureSize bound) noexcept {
    return size.width <= bound.width && size.height <= bound.height;
}

std::uint32_t area(PictureSize size) noexcept {
    return std::uint32_t{size.width} * size.height;
}

bool on_step(std::uint16_t value, std::uint16_t from, std::uint16_t step) noexcept {
    return (value - from) % std::max<std::uint16_t>(step, 1) == 0;
}

bool offers_size(const FormatOffer& offer, PictureSize size) noexcept {
    if (std::ranges::find(offer.sizes, size) != offer.sizes.end()) {
        return true;
    }
    return offer.range && fits(size, offer.range->max) && fits(offer.range->min, size) &&
           on_step(size.width, offer.range->min.width, offer.range->step_horizontal) &&
           on_step(size.height, offer.range->min.height, offer.range->step_vertical);
}

/// The largest one up to `automatic_size`, or else the smallest one.
std::optional<PictureSize> automatic_size_of(const FormatOffer& offer) noexcept {
    if (offers_size(offer, automatic_size)) {
        return automatic_size;
    }
    std::vector<PictureSize> sizes = offer.sizes;
    if (offer.range) {
        sizes.push_back(offer.range->min);
        sizes.push_back(offer.range->max);
    }
    std::optional<PictureSize> best;
    for (const PictureSize size : sizes) {
        const bool better =
            !best ||
            (fits(size, automatic_size) ? !fits(*best, automatic_size) || area(size) > area(*best)
                                        : !fits(*best, automatic_size) && area(size) < area(*best));
        if (better) {
            best = size;
        }
    }
    return best;
}

std::string formats_text(std::span<const FormatOffer> offers) {
    std::string text;
    for (const FormatOffer& offer : offers) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", offer.name);
    }
    return text.empty() ? "none" : text;
}

std::optional<CameraChoice> choose_from(const FormatOffer& offer, std::optional<PictureSize> size) {
    if (!size) {
        size = automatic_size_of(offer);
    } else if (!offers_size(offer, *size)) {
        return std::nullopt;
    }
    return size ? std::optional(CameraChoice{offer.name, *size}) : std::nullopt;
}

/// Groups formats with the same sizes: an ISP offers twenty formats.
std::string refusal(std::span<const FormatOffer> offers, std::string_view format,
                    PictureSize size) {
    std::vector<std::pair<std::string, std::string>> groups; // names, sizes
    for (const FormatOffer& offer : offers) {
        const std::string sizes = sizes_text(offer);
        const auto group = std::ranges::find(groups, sizes, &decltype(groups)::value_type::second);
        if (group == groups.end()) {
            groups.emplace_back(offer.name, sizes);
        } else {
            group->first += ", " + offer.name;
        }
    }
    std::string text =
        fmt::format("the camera doesn't make {}{}{}; it makes", config::picture_size_text(size),
                    format.empty() ? "" : " in ", format);
    for (const auto& [names, sizes] : groups) {
        text += fmt::format("{} {} in {}", text.ends_with("makes") ? "" : ";", names, sizes);
    }
    return text;
}

} // namespace

unsigned buffer_count(std::string_view format) noexcept {
    constexpr unsigned for_jpeg = 4;
    constexpr unsigned for_raw = 6;
    return format == mjpeg_format ? for_jpeg : for_raw;
}

std::string sizes_text(const FormatOffer& offer) {
    if (offer.range) {
        return fmt::format("{} to {}", config::picture_size_text(offer.range->min),
                           config::picture_size_text(offer.range->max));
    }
    std::string text;
    for (const PictureSize size : offer.sizes) {
        text += (text.empty() ? "" : ", ") + config::picture_size_text(size);
    }
    return text;
}

Result<CameraChoice> choose_offer(std::span<const FormatOffer> offers, std::string_view format,
                                  std::optional<PictureSize> size) {
    std::vector<FormatOffer> usable;
    std::vector<FormatOffer> asked_for;
    for (const std::string_view name : config::camera_format_names()) {
        const auto offer = std::ranges::find(offers, name, &FormatOffer::name);
        if (offer != offers.end()) {
            usable.push_back(*offer);
        }
        if (offer != offers.end() && (format.empty() || format == name)) {
            asked_for.push_back(*offer);
        }
    }
    if (asked_for.empty()) {
        return fail(format.empty()
                        ? fmt::format("the camera makes no format that ringcast can use; it makes "
                                      "{}",
                                      formats_text(offers))
                        : fmt::format("the camera doesn't make {}; it makes {}", format,
                                      formats_text(offers)));
    }
    for (const FormatOffer& offer : asked_for) {
        if (auto choice = choose_from(offer, size)) {
            return *choice;
        }
    }
    return fail(refusal(usable, format, size.value_or(automatic_size)));
}

} // namespace ringcast::camera
