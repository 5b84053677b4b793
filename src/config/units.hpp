#pragma once
// Quantities with units, in the syntax of the configuration file and the command line: "10s",
// "4MiB", "1280x720". Knows nothing of keys or limits.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::config {

/// A whole number and its unit without a space: ms, s, m (minutes), h or d (days).
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text) noexcept;
/// A whole number and its unit: B; KiB, MiB, GiB (of 1024); kB, KB, MB, GB (of 1000).
[[nodiscard]] std::optional<std::size_t> parse_bytes(std::string_view text) noexcept;
/// WIDTHxHEIGHT in pixels, each from 1 to 65535.
[[nodiscard]] std::optional<PictureSize> parse_picture_size(std::string_view text) noexcept;
/// A finite decimal number, such as "30" or "29.97".
[[nodiscard]] std::optional<double> parse_number(std::string_view text) noexcept;

/// The time between two of `fps` frames per second, which is above zero.
[[nodiscard]] Duration period_of(double fps) noexcept;

// The inverse functions. Durations and sizes are in the largest unit that gives a whole number.
[[nodiscard]] std::string duration_text(Duration duration);
[[nodiscard]] std::string bytes_text(std::size_t bytes);
/// For messages, in KiB or MiB with at most one decimal, rounded down: "1 MiB", "1.4 MiB", "900
/// KiB".
[[nodiscard]] std::string bytes_text_rounded(std::size_t bytes);
/// The same, rounded up, so that a size beyond a limit never reads like the limit.
[[nodiscard]] std::string bytes_text_rounded_up(std::size_t bytes);
[[nodiscard]] std::string picture_size_text(PictureSize size);
/// The shortest text that reads back to the same number: "30", "29.97".
[[nodiscard]] std::string number_text(double number);

} // namespace ringcast::config
