#include "uvc_camera/unit_controls.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "uvc_camera/requests.hpp"

namespace ringcast::vm {

namespace {

Bytes little_endian(std::int32_t value, std::size_t bytes) {
    Bytes made;
    for (std::size_t i = 0; i < bytes; ++i) {
        made.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(value) >> (8 * i)));
    }
    return made;
}

/// Fields of two bytes are signed (brightness); a positive value of others has its top bit clear.
std::int32_t number_of(std::span<const std::uint8_t> bytes) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value |= std::uint32_t{bytes[i]} << (8 * i);
    }
    return bytes.size() == 2 ? static_cast<std::int16_t>(value) : static_cast<std::int32_t>(value);
}

} // namespace

UnitControls::UnitControls() : controls_(made()) {}

// Selectors: UVC 1.1 tables. The bits of the descriptors (descriptors.cpp) declare
// the same controls. Ranges and defaults resemble those of common cameras.
std::vector<UnitControls::Control> UnitControls::made() {
    constexpr std::uint8_t terminal = camera_terminal;
    constexpr std::uint8_t unit = processing_unit;
    constexpr std::int32_t manual_mode = 1;
    constexpr std::int32_t aperture_priority_mode = 8;
    constexpr std::int32_t modes = manual_mode | aperture_priority_mode;
    return {
        {"auto_exposure_mode", terminal, 0x02, 1, 0, modes, modes, aperture_priority_mode,
         aperture_priority_mode},
        {"exposure_time_absolute", terminal, 0x04, 4, 3, 2047, 1, 250, 250},
        {"focus_absolute", terminal, 0x06, 2, 0, 250, 5, 0, 0},
        {"focus_auto", terminal, 0x08, 1, 0, 1, 1, 1, 1},
        {"zoom_absolute", terminal, 0x0B, 2, 100, 500, 1, 100, 100},
        {"brightness", unit, 0x02, 2, -64, 64, 1, 0, 0},
        {"gain", unit, 0x04, 2, 0, 255, 1, 16, 16},
        {"power_line_frequency", unit, 0x05, 1, 0, 2, 1, 2, 2},
        {"white_balance_temperature", unit, 0x0A, 2, 2800, 6500, 1, 4600, 4600},
        {"white_balance_temperature_auto", unit, 0x0B, 1, 0, 1, 1, 1, 1},
    };
}

std::optional<Bytes> UnitControls::answer(std::uint8_t entity, std::uint8_t selector,
                                          std::uint8_t request,
                                          std::span<const std::uint8_t> given) {
    const auto found = std::ranges::find_if(controls_, [&](const Control& control) {
        return control.entity == entity && control.selector == selector;
    });
    if (found == controls_.end()) {
        return std::nullopt;
    }
    Control& control = *found;
    switch (request) {
    case request::set_current:
        if (given.size() < control.bytes) {
            return std::nullopt;
        }
        control.value = number_of(given.first(control.bytes));
        change_ = Change{control.name, control.value};
        return Bytes{};
    case request::get_current:
        return little_endian(control.value, control.bytes);
    case request::get_minimum:
        return little_endian(control.min, control.bytes);
    case request::get_maximum:
        return little_endian(control.max, control.bytes);
    case request::get_resolution:
        return little_endian(control.resolution, control.bytes);
    case request::get_default:
        return little_endian(control.initial, control.bytes);
    case request::get_length:
        return little_endian(control.bytes, 2);
    case request::get_info:
        return Bytes{request::readable_and_writable};
    default:
        return std::nullopt;
    }
}

std::optional<UnitControls::Change> UnitControls::take_change() noexcept {
    return std::exchange(change_, std::nullopt);
}

} // namespace ringcast::vm
