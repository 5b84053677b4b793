#include "camera/sensor_hdr.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "camera/camera_match.hpp"

namespace ringcast::camera {

namespace {

/// As camera_match does, which compares with all cameras.
bool may_mean(std::string_view wanted, const HdrSensor& sensor) {
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    return std::ranges::all_of(wanted, is_digit) || names_device(wanted) ||
           contains_name(sensor.id, wanted) || contains_name(sensor.model, wanted);
}

} // namespace

bool has_sensor_hdr(std::string_view model) noexcept {
    return model.starts_with("imx708");
}

std::optional<bool> wanted_hdr(const HdrSensor& sensor,
                               std::span<const config::LibcameraConfig> streams) {
    std::optional<bool> wanted;
    for (const config::LibcameraConfig& stream : streams) {
        if (may_mean(stream.camera, sensor)) {
            wanted = wanted.value_or(false) || stream.hdr;
        }
    }
    return wanted;
}

std::string hdr_refusal(std::string_view model) {
    return has_sensor_hdr(model)
               ? std::string()
               : fmt::format("hdr = true is for the sensor of the Camera Module 3 (imx708), and "
                             "this camera is {}: leave it out; some cameras have HDR as a control, "
                             "HdrMode",
                             model);
}

} // namespace ringcast::camera
