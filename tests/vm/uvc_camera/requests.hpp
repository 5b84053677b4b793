#pragma once
// Class-specific requests (UVC 1.1 table A-8).

#include <cstdint>

namespace ringcast::vm::request {

inline constexpr std::uint8_t set_current = 0x01;
inline constexpr std::uint8_t get_current = 0x81;
inline constexpr std::uint8_t get_minimum = 0x82;
inline constexpr std::uint8_t get_maximum = 0x83;
inline constexpr std::uint8_t get_resolution = 0x84;
inline constexpr std::uint8_t get_length = 0x85;
inline constexpr std::uint8_t get_info = 0x86;
inline constexpr std::uint8_t get_default = 0x87;

/// The answer to `get_info` (UVC 1.1 table 4-3).
inline constexpr std::uint8_t readable_and_writable = 3;

} // namespace ringcast::vm::request
