#pragma once
// The table of all configuration keys. It is used to read values, to suggest the right spelling of
// an unknown key, to write error messages, and to test that the documentation is complete.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/picture_turn.hpp"
#include "config/config.hpp"

namespace ringcast::config {

enum class ValueKind : std::uint8_t {
    text,
    text_list,
    boolean,
    boolean_or_auto, ///< true, false or "auto"
    integer,
    number,
    duration,        ///< limits in seconds
    bytes,           ///< limits in bytes
    picture_size,    ///< limits: picture_width_min and the others below
    picture_max,     ///< a bound of pictures: from picture_width_min to what JPEG can express
    text_or_index,   ///< text, or a whole number within the limits
    control_table,   ///< names and values of a camera's controls
    rendition_table, ///< names, and a table with the keys of the section "renditions" for each
    overlay_table,   ///< a table with the keys of the section "overlay"
};

struct Key {
    /// "streams" stands for every [streams.NAME], "renditions" for every
    /// [streams.NAME.renditions.NAME], "overlay" for every [streams.NAME.overlay].
    std::string_view section;
    std::string_view name;
    std::string_view source; ///< the source kind that has the key; empty: all kinds
    ValueKind kind = ValueKind::text;
    std::string_view default_value; ///< in TOML syntax; empty: required, or see the documentation
    std::string_view expected;      ///< for error messages, without the limits
    double min = 0;
    double max = 0;
};

inline constexpr std::uint16_t picture_width_min = 64;
inline constexpr std::uint16_t picture_height_min = 64;
inline constexpr std::uint16_t picture_width_max = 7680;
inline constexpr std::uint16_t picture_height_max = 4320;

inline constexpr std::string_view streams_section = "streams";

[[nodiscard]] std::span<const Key> all_keys() noexcept;
/// The key must exist.
[[nodiscard]] const Key& find_key(std::string_view section, std::string_view name,
                                  std::string_view source = {}) noexcept;
[[nodiscard]] std::span<const std::string_view> section_names() noexcept;
[[nodiscard]] std::span<const std::string_view> source_names() noexcept;
[[nodiscard]] std::span<const std::string_view> engine_names() noexcept;
[[nodiscard]] std::span<const std::string_view> send_names() noexcept;
[[nodiscard]] std::span<const std::string_view> log_level_names() noexcept;
[[nodiscard]] std::span<const std::string_view> log_format_names() noexcept;
/// "auto", and libcamera's names of the pixel formats that ringcast can send or encode as JPEG,
/// best first.
[[nodiscard]] std::span<const std::string_view> camera_format_names() noexcept;
/// In the order of the enumerators of CameraTier.
[[nodiscard]] std::span<const std::string_view> camera_tier_names() noexcept;
/// In the order of the enumerators of Corner.
[[nodiscard]] std::span<const std::string_view> corner_names() noexcept;
/// Degrees: in the order of the enumerators of Rotation, without the first.
[[nodiscard]] std::span<const std::string_view> rotation_names() noexcept;

/// "1s to 10m"; empty for kinds without limits.
[[nodiscard]] std::string limits_text(const Key& key);
/// "a duration from 1s to 10m, as in "10s"".
[[nodiscard]] std::string expected_text(const Key& key);
[[nodiscard]] bool within_limits(const Key& key, double value) noexcept;
[[nodiscard]] bool within_limits(const Key& key, PictureSize size) noexcept;

[[nodiscard]] std::optional<EngineChoice> parse_engine(std::string_view name) noexcept;
[[nodiscard]] std::optional<Rotation> parse_rotation(std::string_view name) noexcept;
/// "90"; empty for no rotation.
[[nodiscard]] std::string_view rotation_name(Rotation rotation) noexcept;
[[nodiscard]] std::optional<Corner> parse_corner(std::string_view name) noexcept;
[[nodiscard]] std::string_view corner_name(Corner corner) noexcept;
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view name) noexcept;
[[nodiscard]] std::string_view log_level_name(LogLevel level) noexcept;
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view name) noexcept;
[[nodiscard]] std::string_view camera_tier_name(CameraTier tier) noexcept;

/// Empty if `name` is a valid stream name, else an error message.
[[nodiscard]] std::string stream_name_problem(std::string_view name);
/// True for "*" and for an origin as browsers send it, such as "https://example.org:8443".
[[nodiscard]] bool is_cors_origin(std::string_view text) noexcept;

} // namespace ringcast::config
