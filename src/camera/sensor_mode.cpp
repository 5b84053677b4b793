#include "camera/sensor_mode.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "config/units.hpp"

namespace ringcast::camera {

namespace {

using config::PictureSize;
using config::SensorSetting;
using source::SensorCrop;
using source::SensorMode;
using Modes = std::span<const SensorMode>;
using Candidates = std::vector<std::size_t>; // indices of modes

/// Rates and fields of view that differ by less count as equal: 30 also stands for 30000/1001.
constexpr double tolerance = 0.01;

double area(const SensorCrop& crop) noexcept {
    return static_cast<double>(crop.width) * static_cast<double>(crop.height);
}

double pixels(const SensorMode& mode) noexcept {
    return static_cast<double>(mode.size.width) * static_cast<double>(mode.size.height);
}

bool has_rate(const SensorMode& mode, double fps) noexcept {
    return mode.fps_max >= fps * (1 - tolerance);
}

/// Keeps the candidates for which `holds`; keeps all of them and returns false if there are none.
template <typename Predicate>
bool narrow(Candidates& candidates, Predicate holds) {
    Candidates kept;
    std::ranges::copy_if(candidates, std::back_inserter(kept), holds);
    if (kept.empty()) {
        return false;
    }
    candidates = std::move(kept);
    return true;
}

/// Keeps the candidates with the highest value, and those that differ from it by less than the
/// tolerance.
template <typename Value>
void keep_highest(Candidates& candidates, Value value) {
    double highest = value(candidates.front());
    for (const std::size_t index : candidates) {
        highest = std::max(highest, value(index));
    }
    narrow(candidates,
           [&](std::size_t index) { return value(index) >= highest * (1 - tolerance); });
}

Candidates all_of(Modes modes) {
    Candidates candidates(modes.size());
    std::iota(candidates.begin(), candidates.end(), std::size_t{0});
    return candidates;
}

/// Among modes that show the same.
std::size_t sharpest(Modes modes, Candidates candidates, PictureSize size) {
    const bool covering = narrow(candidates, [&](std::size_t index) {
        const PictureSize mode = modes[index].size;
        return mode.width >= size.width && mode.height >= size.height;
    });
    // A larger mode than necessary only costs memory bandwidth.
    return *std::ranges::max_element(candidates, [&](std::size_t left, std::size_t right) {
        const double left_pixels = pixels(modes[left]);
        const double right_pixels = pixels(modes[right]);
        if (left_pixels != right_pixels) {
            return covering ? left_pixels > right_pixels : left_pixels < right_pixels;
        }
        return modes[left].bit_depth < modes[right].bit_depth;
    });
}

std::string percent(double share) {
    return fmt::format("{:.0f} %", share * 100);
}

std::string list_of(Modes modes, PictureSize size) {
    std::string text;
    for (const SensorMode& mode : modes) {
        text +=
            fmt::format("{}{} ({} bits, up to {:.4g} frames/s, {} of the field of view)",
                        text.empty() ? "" : ", ", config::picture_size_text(mode.size),
                        mode.bit_depth, mode.fps_max, percent(view_share(modes, mode.crop, size)));
    }
    return text;
}

/// What a rate costs that the widest modes do not have.
std::string narrowed_note(Modes modes, const SensorMode& chosen, PictureSize size, double fps) {
    double full_fps = 0;
    for (const SensorMode& mode : modes) {
        if (view_share(modes, mode.crop, size) >= 1 - tolerance) {
            full_fps = std::max(full_fps, mode.fps_max);
        }
    }
    return fmt::format("{:.4g} frames/s narrow the field of view: the sensor's mode {} shows {} of "
                       "the full one, which is available at up to {:.4g} frames/s",
                       fps, config::picture_size_text(chosen.size),
                       percent(view_share(modes, chosen.crop, size)), full_fps);
}

/// Names a faster mode for a rate that no mode has.
std::string slow_note(Modes modes, const SensorMode& chosen, PictureSize size, double fps) {
    const SensorMode& fastest = *std::ranges::max_element(modes, {}, &SensorMode::fps_max);
    if (has_rate(chosen, fastest.fps_max)) {
        return {};
    }
    return fmt::format("no mode of the sensor has {:.4g} frames/s: its full field of view has up "
                       "to {:.4g}, and sensor = \"{}\" has {:.4g} with {} of it",
                       fps, chosen.fps_max, config::picture_size_text(fastest.size),
                       fastest.fps_max, percent(view_share(modes, fastest.crop, size)));
}

SensorChoice choose_widest(Modes modes, PictureSize size, double fps) {
    Candidates candidates = all_of(modes);
    const bool rate_found =
        narrow(candidates, [&](std::size_t index) { return has_rate(modes[index], fps); });
    keep_highest(candidates,
                 [&](std::size_t index) { return view_share(modes, modes[index].crop, size); });
    if (!rate_found) {
        keep_highest(candidates, [&](std::size_t index) { return modes[index].fps_max; });
    }
    SensorChoice choice;
    choice.mode = sharpest(modes, std::move(candidates), size);
    const SensorMode& chosen = modes[choice.mode];
    if (!rate_found) {
        choice.note = slow_note(modes, chosen, size, fps);
    } else if (view_share(modes, chosen.crop, size) < 1 - tolerance) {
        choice.note = narrowed_note(modes, chosen, size, fps);
    }
    return choice;
}

} // namespace

SensorCrop visible_part(const SensorCrop& crop, PictureSize size) noexcept {
    const double aspect = static_cast<double>(size.width) / static_cast<double>(size.height);
    SensorCrop part = crop;
    part.width =
        std::min(crop.width, static_cast<std::uint32_t>(std::lround(crop.height * aspect)));
    part.height =
        std::min(crop.height, static_cast<std::uint32_t>(std::lround(crop.width / aspect)));
    part.x += (crop.width - part.width) / 2;
    part.y += (crop.height - part.height) / 2;
    return part;
}

double view_share(Modes modes, const SensorCrop& crop, PictureSize size) noexcept {
    double widest = 0;
    for (const SensorMode& mode : modes) {
        widest = std::max(widest, area(visible_part(mode.crop, size)));
    }
    return widest == 0 ? 0 : std::min(area(visible_part(crop, size)) / widest, 1.0);
}

Result<std::optional<SensorChoice>> choose_sensor_mode(Modes modes, const SensorSetting& setting,
                                                       PictureSize size, double fps) {
    const bool named = setting.kind == SensorSetting::Kind::named;
    if (modes.empty() && named) {
        return fail(fmt::format("the camera has no sensor modes, so sensor = \"{}\" can't be used",
                                config::picture_size_text(setting.size)));
    }
    if (modes.empty() || setting.kind == SensorSetting::Kind::automatic) {
        return std::optional<SensorChoice>();
    }
    if (!named) {
        return std::optional(choose_widest(modes, size, fps));
    }
    Candidates candidates = all_of(modes);
    if (!narrow(candidates, [&](std::size_t index) { return modes[index].size == setting.size; })) {
        return fail(fmt::format("the camera's sensor has no mode {}; it has {}",
                                config::picture_size_text(setting.size), list_of(modes, size)));
    }
    narrow(candidates, [&](std::size_t index) { return has_rate(modes[index], fps); });
    return std::optional(SensorChoice{sharpest(modes, std::move(candidates), size), {}});
}

} // namespace ringcast::camera
