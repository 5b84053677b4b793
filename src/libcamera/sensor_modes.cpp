#include "libcamera/sensor_modes.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>

#include <libcamera/control_ids.h>
#include <libcamera/property_ids.h>
#include <libcamera/stream.h>

#include "camera/sensor_mode.hpp"

namespace ringcast::capture {

namespace {

using source::SensorCrop;
using source::SensorMode;

/// Sensors have up to ten modes, some of them in two bit depths.
constexpr std::size_t modes_max = 64;
constexpr double microseconds = 1e6;

SensorCrop crop_of(const libcamera::Rectangle& rectangle) noexcept {
    return {static_cast<std::uint32_t>(std::max(rectangle.x, 0)),
            static_cast<std::uint32_t>(std::max(rectangle.y, 0)), rectangle.width,
            rectangle.height};
}

/// The part of the sensor that is read in the present configuration.
std::optional<SensorCrop> configured_crop(const libcamera::Camera& camera) {
    const auto crop = camera.properties().get(libcamera::properties::ScalerCropMaximum);
    return crop && !crop->isNull() ? std::optional(crop_of(*crop)) : std::nullopt;
}

/// Configures the camera for the mode. None if it rejects that.
std::optional<SensorMode> read_mode(libcamera::Camera& camera,
                                    libcamera::CameraConfiguration& configuration,
                                    const libcamera::PixelFormat& format,
                                    const libcamera::Size& size) {
    SensorMode mode;
    mode.size = {static_cast<std::uint16_t>(size.width), static_cast<std::uint16_t>(size.height)};
    mode.bit_depth = raw_bit_depth(format.toString());
    configuration.at(0).pixelFormat = format;
    configuration.at(0).size = size;
    configuration.sensorConfig = sensor_configuration(mode);
    if (configuration.validate() == libcamera::CameraConfiguration::Invalid ||
        camera.configure(&configuration) < 0) {
        return std::nullopt;
    }
    const auto crop = configured_crop(camera);
    const auto shortest = shortest_frame(camera.controls());
    if (!crop || !shortest) {
        return std::nullopt;
    }
    mode.crop = *crop;
    mode.fps_max = microseconds / static_cast<double>(*shortest);
    return mode;
}

std::vector<SensorMode> read_modes(libcamera::Camera& camera) {
    std::vector<SensorMode> modes;
    // Pipeline handlers without this property, such as that of USB cameras, ignore a requested
    // mode, and may not know the role below.
    if (!camera.properties().contains(libcamera::properties::ScalerCropMaximum.id())) {
        return modes;
    }
    const auto configuration = camera.generateConfiguration({libcamera::StreamRole::Raw});
    if (configuration == nullptr || configuration->empty()) {
        return modes;
    }
    const libcamera::StreamFormats formats = configuration->at(0).formats();
    for (const libcamera::PixelFormat& format : formats.pixelformats()) {
        const std::uint16_t depth = raw_bit_depth(format.toString());
        for (const libcamera::Size& size : formats.sizes(format)) {
            const bool known = std::ranges::any_of(modes, [&](const SensorMode& mode) {
                return mode.bit_depth == depth && mode.size.width == size.width &&
                       mode.size.height == size.height;
            });
            if (depth == 0 || known || size.width > UINT16_MAX || size.height > UINT16_MAX ||
                modes.size() == modes_max) {
                continue;
            }
            if (const auto mode = read_mode(camera, *configuration, format, size)) {
                modes.push_back(*mode);
            }
        }
    }
    return modes;
}

/// The mode that libcamera has chosen; null if it can't be told.
const SensorMode* find_mode(const std::vector<SensorMode>& modes, const SensorCrop& crop,
                            double fps) noexcept {
    constexpr double tolerance = 0.01;
    const auto found = std::ranges::find_if(modes, [&](const SensorMode& mode) {
        return mode.crop == crop && std::abs(mode.fps_max - fps) <= fps * tolerance;
    });
    return found == modes.end() ? nullptr : &*found;
}

/// The part of the sensor that pictures show: the initial value of this control, where it exists.
std::optional<SensorCrop> initial_scaler_crop(const libcamera::ControlInfoMap& controls) {
    const auto found = controls.find(libcamera::controls::ScalerCrop.id());
    if (found == controls.end() || found->second.def().type() != libcamera::ControlTypeRectangle ||
        found->second.def().isArray()) {
        return std::nullopt;
    }
    const auto crop = found->second.def().get<libcamera::Rectangle>();
    return crop.isNull() ? std::nullopt : std::optional(crop_of(crop));
}

} // namespace

std::uint16_t raw_bit_depth(std::string_view format) noexcept {
    // "SRGGB10_CSI2P" of a colour sensor, "R10_CSI2P" of a monochrome one.
    constexpr std::size_t bayer_letters = 5;
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto digits = std::ranges::find_if(format, is_digit);
    const auto letters = format.substr(0, static_cast<std::size_t>(digits - format.begin()));
    const bool bayer = letters.size() == bayer_letters && letters.front() == 'S' &&
                       letters.find_first_not_of("RGB", 1) == std::string_view::npos;
    std::uint16_t depth = 0;
    if (bayer || letters == "R") {
        const std::string_view number = format.substr(letters.size());
        std::from_chars(number.data(), number.data() + number.size(), depth);
    }
    return depth;
}

libcamera::SensorConfiguration sensor_configuration(const SensorMode& mode) noexcept {
    libcamera::SensorConfiguration configuration;
    configuration.bitDepth = mode.bit_depth;
    configuration.outputSize = libcamera::Size(mode.size.width, mode.size.height);
    return configuration;
}

std::optional<std::int64_t> shortest_frame(const libcamera::ControlInfoMap& controls) {
    const auto found = controls.find(libcamera::controls::FrameDurationLimits.id());
    if (found == controls.end() || found->second.min().isArray() ||
        found->second.min().type() != libcamera::ControlTypeInteger64) {
        return std::nullopt;
    }
    const auto shortest = found->second.min().get<std::int64_t>();
    return shortest > 0 ? std::optional(shortest) : std::nullopt;
}

std::optional<source::SensorStatus> sensor_status(const libcamera::Camera& camera,
                                                  const std::vector<SensorMode>& modes,
                                                  const SensorMode* chosen,
                                                  config::PictureSize size) {
    const auto crop = configured_crop(camera);
    const auto shortest = shortest_frame(camera.controls());
    if (chosen == nullptr && crop && shortest) {
        chosen = find_mode(modes, *crop, microseconds / static_cast<double>(*shortest));
    }
    if (chosen == nullptr) {
        return std::nullopt;
    }
    const SensorCrop visible =
        initial_scaler_crop(camera.controls()).value_or(camera::visible_part(chosen->crop, size));
    return source::SensorStatus{*chosen, visible, camera::view_share(modes, visible, size)};
}

std::vector<SensorMode> SensorModeCache::modes_of(libcamera::Camera& camera) {
    const std::lock_guard lock(mutex_);
    const auto known = modes_.find(camera.id());
    if (known != modes_.end()) {
        return known->second;
    }
    std::vector<SensorMode> modes = read_modes(camera);
    // A failure, such as a camera that was just unplugged, is not kept.
    if (!modes.empty()) {
        modes_.emplace(camera.id(), modes);
    }
    return modes;
}

} // namespace ringcast::capture
