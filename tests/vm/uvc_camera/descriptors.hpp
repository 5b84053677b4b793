#pragma once
// The descriptors of the emulated camera: USB 2.0 (chapter 9) and USB Video Class 1.1 (chapter 3).
// No I/O.

#include <cstdint>
#include <string_view>
#include <vector>

#include "uvc_camera/modes.hpp"

namespace ringcast::vm {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::uint8_t control_interface = 0;
inline constexpr std::uint8_t streaming_interface = 1;
inline constexpr std::uint8_t camera_terminal = 1;
inline constexpr std::uint8_t processing_unit = 2;
inline constexpr std::uint8_t streaming_endpoint = 1;
/// Frequency of the camera's clock, which time-stamps payloads (dwClockFrequency).
inline constexpr std::uint32_t clock_hertz = 48'000'000;

inline constexpr std::uint8_t manufacturer_string = 1;
inline constexpr std::uint8_t product_string = 2;
inline constexpr std::uint8_t serial_string = 3;

[[nodiscard]] Bytes device_descriptor();
[[nodiscard]] Bytes configuration_descriptor(const Modes& modes);
/// `text` must be ASCII.
[[nodiscard]] Bytes string_descriptor(std::string_view text);
/// String descriptor 0, the list of languages: English.
[[nodiscard]] Bytes languages_descriptor();

} // namespace ringcast::vm
