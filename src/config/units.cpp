#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>

#include <fmt/core.h>

namespace ringcast::config {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t millisecond = 1'000'000; // in nanoseconds
constexpr std::uint64_t hour = 60 * 60 * 1000 * millisecond;
constexpr std::array duration_units{Unit{"ms", millisecond}, Unit{"s", 1000 * millisecond},
                                    Unit{"m", 60 * 1000 * millisecond}, Unit{"h", hour},
                                    Unit{"d", 24 * hour}};

constexpr std::array byte_units{Unit{"B", 1},
                                Unit{"kB", 1000},
                                Unit{"KB", 1000},
                                Unit{"KiB", 1024},
                                Unit{"MB", 1000UL * 1000},
                                Unit{"MiB", 1024UL * 1024},
                                Unit{"GB", 1000UL * 1000 * 1000},
                                Unit{"GiB", 1024UL * 1024 * 1024}};

// More digits than any setting needs.
constexpr std::size_t digits_max = 9;

std::optional<std::uint64_t> parse_whole(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (text.empty() || text.size() > digits_max || result.ec != std::errc{} || result.ptr != end) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> parse_quantity(std::string_view text,
                                            std::span<const Unit> units) noexcept {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto value = parse_whole(text.substr(0, digits));
    const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
    if (!value || unit == units.end() || *value > INT64_MAX / unit->factor) {
        return std::nullopt;
    }
    return *value * unit->factor;
}

/// In the largest unit that divides `value`. `units` are in ascending order.
std::string quantity_text(std::uint64_t value, std::span<const Unit> units) {
    Unit largest = units.front();
    for (const Unit& unit : units) {
        if (value >= unit.factor && value % unit.factor == 0) {
            largest = unit;
        }
    }
    return fmt::format("{}{}", value / largest.factor, largest.name);
}

constexpr Unit kibibyte{"KiB", 1024};
constexpr Unit mebibyte{"MiB", 1024UL * 1024};

/// Counts tenths in whole numbers, so that the result does not depend on floating-point rounding.
std::string tenths_text(std::uint64_t tenths, const Unit& unit) {
    return tenths % 10 == 0 ? fmt::format("{} {}", tenths / 10, unit.name)
                            : fmt::format("{}.{} {}", tenths / 10, tenths % 10, unit.name);
}

const Unit& unit_for_message(std::size_t bytes) noexcept {
    return bytes >= mebibyte.factor ? mebibyte : kibibyte;
}

} // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
    const auto nanoseconds = parse_quantity(text, duration_units);
    if (!nanoseconds) {
        return std::nullopt;
    }
    return Duration(static_cast<std::int64_t>(*nanoseconds));
}

std::optional<std::size_t> parse_bytes(std::string_view text) noexcept {
    return parse_quantity(text, byte_units);
}

std::optional<PictureSize> parse_picture_size(std::string_view text) noexcept {
    const std::size_t cross = text.find('x');
    if (cross == std::string_view::npos) {
        return std::nullopt;
    }
    const auto width = parse_whole(text.substr(0, cross));
    const auto height = parse_whole(text.substr(cross + 1));
    if (!width || !height || *width == 0 || *height == 0 || *width > UINT16_MAX ||
        *height > UINT16_MAX) {
        return std::nullopt;
    }
    return PictureSize{static_cast<std::uint16_t>(*width), static_cast<std::uint16_t>(*height)};
}

std::optional<double> parse_number(std::string_view text) noexcept {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

Duration period_of(double fps) noexcept {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1.0 / fps));
}

std::string duration_text(Duration duration) {
    // Zero is a whole number of every unit; of hours it would read oddly beside other durations.
    return duration == Duration::zero()
               ? "0s"
               : quantity_text(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::string bytes_text(std::size_t bytes) {
    // Powers of 1024 only, as usual for memory.
    constexpr std::array units{Unit{"B", 1}, kibibyte, mebibyte, Unit{"GiB", 1024UL * 1024 * 1024}};
    return quantity_text(bytes, units);
}

std::string bytes_text_rounded(std::size_t bytes) {
    const Unit& unit = unit_for_message(bytes);
    return tenths_text(bytes * 10 / unit.factor, unit);
}

std::string bytes_text_rounded_up(std::size_t bytes) {
    const Unit& unit = unit_for_message(bytes);
    return tenths_text((bytes * 10 + unit.factor - 1) / unit.factor, unit);
}

std::string picture_size_text(PictureSize size) {
    return fmt::format("{}x{}", size.width, size.height);
}

std::string number_text(double number) {
    return fmt::format("{}", number);
}

} // namespace ringcast::config
