#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "config/listen_address.hpp"
#include "config/units.hpp"

namespace ringcast::config {

namespace {

constexpr double kibibyte_bytes = 1024;
constexpr double mebibyte_bytes = 1024 * kibibyte_bytes;

constexpr std::array keys{
    Key{"server", "engine", "", ValueKind::text, R"("auto")", R"("auto", "io_uring" or "epoll")"},

    Key{"http", "listen", "", ValueKind::text_list, R"(["127.0.0.1:8080"])",
        R"(a list of addresses, as in ["127.0.0.1:8080"], each )"
        R"("HOST:PORT", ":PORT", "[IPV6]:PORT" or "unix:/PATH", or a table with address)"},
    Key{"http", "cors_origins", "", ValueKind::text_list, "[]",
        R"(a list of origins as browsers send them, as in ["https://example.org"], or ["*"])"},
    Key{"http", "hosts", "", ValueKind::text_list, "[]",
        R"(a list of names of this server, as in ["cam.example.org"])"},
    Key{"http", "base_path", "", ValueKind::text, "", R"(a path, as in "/cam")"},

    Key{"access", "users_file", "", ValueKind::text, "",
        R"(the absolute path of a file with NAME:HASH lines)"},
    Key{"access", "tokens_file", "", ValueKind::text, "",
        R"(the absolute path of a file with NAME:SHA-256 lines)"},
    Key{"access", "link_key_file", "", ValueKind::text, "",
        R"(the absolute path of a file that `ringcast link` creates)"},
    Key{"access", "trusted_proxies", "", ValueKind::text_list, "[]",
        R"(a list of addresses, as in ["127.0.0.1", "::1", "10.0.0.0/8", "unix"])"},
    Key{"access", "admins", "", ValueKind::text_list, "[]",
        R"(a list of names from the users file or the tokens file, as in ["anna"])"},

    // 100000 viewers need 100000 descriptors, which no distribution allows by default.
    Key{"viewers", "max", "", ValueKind::integer, "4096", "a whole number", 1, 100'000},
    Key{"viewers", "max_per_address", "", ValueKind::integer, "0", "a whole number (0: no limit)",
        0, 100'000},
    Key{"viewers", "stall_timeout", "", ValueKind::duration, R"("10s")", "a duration", 1, 600},
    Key{"viewers", "send", "", ValueKind::text, R"("auto")", R"("auto", "zero-copy" or "copy")"},

    Key{"memory", "frame_max", "", ValueKind::bytes, R"("1MiB")", "a size", 16 * kibibyte_bytes,
        64 * mebibyte_bytes},
    // With fewer than eight slots, the reserve and one slow viewer would use all of them.
    Key{"memory", "slots", "", ValueKind::integer, "32", "a whole number", 8, 1024},
    Key{"memory", "picture_max", "", ValueKind::picture_max, R"("16384x16384")", "a picture size"},

    Key{"encoder", "threads", "", ValueKind::integer, "", "a whole number", 1, 64},

    Key{"log", "level", "", ValueKind::text, R"("info")",
        R"("debug", "info", "warning" or "error")"},
    Key{"log", "format", "", ValueKind::text, "", R"("text", "json" or "journal")"},

    Key{"streams", "source", "", ValueKind::text, "",
        R"("pattern", "exec", "stdin", "file", "libcamera" or "http")"},
    Key{"streams", "default", "", ValueKind::boolean, "false", "true or false"},
    Key{"streams", "viewers", "", ValueKind::text_list, "",
        R"(a list of names from the users file or the tokens file, as in ["anna", "tablet"], )"
        R"(or "public")"},
    Key{"streams", "rotate", "", ValueKind::text, "", R"("90", "180" or "270")"},
    Key{"streams", "mirror", "", ValueKind::boolean, "false", "true or false"},
    Key{"streams", "overlay", "", ValueKind::overlay_table, "",
        R"(a table, as in { text = "%Y-%m-%d %H:%M:%S", position = "bottom-left" })"},
    Key{"streams", "renditions", "", ValueKind::rendition_table, "",
        R"(a table of renditions, as in { wall = { size = "480x270", fps = 5 } })"},
    Key{"streams", "adapt", "", ValueKind::boolean_or_auto, R"("auto")",
        R"("auto", true or false)"},
    Key{"streams", "size", "pattern", ValueKind::picture_size, R"("1280x720")", "a picture size"},
    Key{"streams", "fps", "pattern", ValueKind::number, "30", "a number", 0.1, 240},
    Key{"streams", "quality", "pattern", ValueKind::integer, "80", "a whole number", 1, 100},
    Key{"streams", "command", "exec", ValueKind::text_list, "",
        R"(the program and its arguments as a list, as in ["ffmpeg", "-re", "..."])"},
    Key{"streams", "timeout", "exec", ValueKind::duration, R"("10s")", "a duration (0s: no limit)",
        0, 3600},
    Key{"streams", "path", "file", ValueKind::text, "",
        R"(the path of a .mjpeg file, a .jpg file or a folder of JPEG files)"},
    Key{"streams", "fps", "file", ValueKind::number, "", "a number", 0.1, 240},
    Key{"streams", "camera", "libcamera", ValueKind::text_or_index, "",
        R"(a camera's id, a unique part of it, its model, its device as in "/dev/video0", )"
        R"(or its number)",
        0, 63},
    Key{"streams", "size", "libcamera", ValueKind::picture_size, "", "a picture size"},
    Key{"streams", "fps", "libcamera", ValueKind::number, "30", "a number", 0.1, 240},
    Key{"streams", "format", "libcamera", ValueKind::text, R"("auto")",
        R"("auto", "MJPEG" or a raw format, one of "YUV420", "NV12", "NV21", "YUYV", "UYVY", )"
        R"("BGR888", "RGB888", "XRGB8888", "XBGR8888" and "R8")"},
    Key{"streams", "quality", "libcamera", ValueKind::integer, "80", "a whole number", 1, 100},
    Key{"streams", "sensor", "libcamera", ValueKind::text, R"("full")",
        R"("full", "auto", or the size of one of the sensor's modes, as in "1640x1232")"},
    Key{"streams", "hdr", "libcamera", ValueKind::boolean, "false", "true or false"},
    Key{"streams", "tuning", "libcamera", ValueKind::text, "",
        R"(the name of a tuning file, as in "imx219_noir.json", or its absolute path)"},
    Key{"streams", "controls", "libcamera", ValueKind::control_table, "{}",
        R"(a table of the camera's controls, as in { AfMode = "continuous", Brightness = 0.1 })"},
    Key{"streams", "on_demand", "libcamera", ValueKind::boolean, "false", "true or false"},
    // Below one second, a camera would stop and start again whenever a browser reconnects.
    Key{"streams", "idle_after", "libcamera", ValueKind::duration, R"("10s")", "a duration", 1,
        3600},
    Key{"streams", "tier", "libcamera", ValueKind::text, R"("auto")",
        R"("auto", "registered" or "copied")"},
    Key{"streams", "url", "http", ValueKind::text, "",
        R"(an address, as in "http://192.0.2.10:8080/?action=stream" or "unix:/run/other.sock")"},
    Key{"streams", "path", "http", ValueKind::text, R"("/stream")",
        R"(the path behind a UNIX socket, as in "/stream")"},
    Key{"streams", "credentials_file", "http", ValueKind::text, "",
        R"(the absolute path of a file with USER:PASSWORD)"},
    Key{"streams", "poll", "http", ValueKind::duration, R"("1s")", "a duration", 0.05, 3600},
    Key{"streams", "timeout", "http", ValueKind::duration, R"("10s")", "a duration", 1, 3600},
    Key{"streams", "on_demand", "http", ValueKind::boolean, "false", "true or false"},
    Key{"streams", "idle_after", "http", ValueKind::duration, R"("10s")", "a duration", 1, 3600},

    Key{"overlay", "text", "", ValueKind::text, "",
        R"(up to 100 printable ASCII characters with conversions of strftime, as in )"
        R"("%Y-%m-%d %H:%M:%S  front door")"},
    Key{"overlay", "position", "", ValueKind::text, R"("bottom-left")",
        R"("top-left", "top-right", "bottom-left" or "bottom-right")"},

    Key{"renditions", "size", "", ValueKind::picture_size, "", "a picture size"},
    Key{"renditions", "fps", "", ValueKind::number, "", "a number", 0.1, 240},
    Key{"renditions", "quality", "", ValueKind::integer, "80", "a whole number", 1, 100},
};

/// `names` are in the order of the enumerators.
template <typename Enumeration>
std::optional<Enumeration> enumerator_of(std::string_view name,
                                         std::span<const std::string_view> names) noexcept {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? std::nullopt
                                : std::optional(static_cast<Enumeration>(found - names.begin()));
}

constexpr std::array<std::string_view, 8> sections{"server", "http",    "access", "viewers",
                                                   "memory", "encoder", "log",    "streams"};
constexpr std::array<std::string_view, 6> sources{"pattern", "exec",      "stdin",
                                                  "file",    "libcamera", "http"};
constexpr std::array<std::string_view, 3> engines{"auto", "io_uring", "epoll"};
constexpr std::array<std::string_view, 3> sends{"auto", "zero-copy", "copy"};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> log_formats{"text", "json", "journal"};
// In order of encoding effort: MJPEG needs none, and planar formats with subsampled colour need the
// least.
constexpr std::array<std::string_view, 12> camera_formats{
    "auto", "MJPEG",  "YUV420", "NV12",     "NV21",     "YUYV",
    "UYVY", "BGR888", "RGB888", "XRGB8888", "XBGR8888", "R8"};
constexpr std::array<std::string_view, 3> camera_tiers{"auto", "registered", "copied"};
constexpr std::array<std::string_view, 3> rotations{"90", "180", "270"};
constexpr std::array<std::string_view, 4> corners{"top-left", "top-right", "bottom-left",
                                                  "bottom-right"};

// First segments of the server's own paths, which a stream name would hide.
constexpr std::array<std::string_view, 10> endpoints{"api",    "assets",  "controls", "healthz",
                                                     "link",   "metrics", "snapshot", "state",
                                                     "status", "stream"};

/// The largest picture that a key of this kind accepts. JPEG has 16 bits for each side.
constexpr PictureSize largest_picture(ValueKind kind) noexcept {
    return kind == ValueKind::picture_max ? PictureSize{UINT16_MAX, UINT16_MAX}
                                          : PictureSize{picture_width_max, picture_height_max};
}

constexpr std::size_t stream_name_bytes_max = 63; // the limit of a DNS label

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

std::span<const Key> all_keys() noexcept {
    return keys;
}

const Key& find_key(std::string_view section, std::string_view name,
                    std::string_view source) noexcept {
    const auto* const found = std::ranges::find_if(keys, [&](const Key& key) {
        return key.section == section && key.name == name && key.source == source;
    });
    RINGCAST_ASSERT(found != keys.end());
    return *found;
}

std::span<const std::string_view> section_names() noexcept {
    return sections;
}

std::span<const std::string_view> source_names() noexcept {
    return sources;
}

std::span<const std::string_view> engine_names() noexcept {
    return engines;
}

std::span<const std::string_view> send_names() noexcept {
    return sends;
}

std::span<const std::string_view> log_level_names() noexcept {
    return log_levels;
}

std::span<const std::string_view> log_format_names() noexcept {
    return log_formats;
}

std::span<const std::string_view> camera_format_names() noexcept {
    return camera_formats;
}

std::span<const std::string_view> camera_tier_names() noexcept {
    return camera_tiers;
}

std::span<const std::string_view> corner_names() noexcept {
    return corners;
}

std::span<const std::string_view> rotation_names() noexcept {
    return rotations;
}

std::string limits_text(const Key& key) {
    const auto range = [](const std::string& min, const std::string& max) {
        return fmt::format("{} to {}", min, max);
    };
    const auto seconds = [](double value) {
        return duration_text(
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
    };
    switch (key.kind) {
    case ValueKind::text:
    case ValueKind::text_list:
    case ValueKind::boolean:
    case ValueKind::boolean_or_auto:
    case ValueKind::text_or_index:
    case ValueKind::control_table:
    case ValueKind::rendition_table:
    case ValueKind::overlay_table:
        return {};
    case ValueKind::integer:
    case ValueKind::number:
        return range(number_text(key.min), number_text(key.max));
    case ValueKind::duration:
        return range(seconds(key.min), seconds(key.max));
    case ValueKind::bytes:
        return range(bytes_text(static_cast<std::size_t>(key.min)),
                     bytes_text(static_cast<std::size_t>(key.max)));
    case ValueKind::picture_size:
    case ValueKind::picture_max:
        return range(picture_size_text({picture_width_min, picture_height_min}),
                     picture_size_text(largest_picture(key.kind)));
    }
    return {};
}

std::string expected_text(const Key& key) {
    const std::string limits = limits_text(key);
    if (limits.empty()) {
        return std::string(key.expected);
    }
    const bool has_unit = key.kind == ValueKind::duration || key.kind == ValueKind::bytes ||
                          key.kind == ValueKind::picture_size || key.kind == ValueKind::picture_max;
    const std::string_view example =
        key.default_value.empty() ? R"("1280x720")" : key.default_value;
    return fmt::format("{} from {}{}{}", key.expected, limits, has_unit ? ", as in " : "",
                       has_unit ? example : "");
}

bool within_limits(const Key& key, double value) noexcept {
    return value >= key.min && value <= key.max;
}

bool within_limits(const Key& key, PictureSize size) noexcept {
    const PictureSize largest = largest_picture(key.kind);
    return size.width >= picture_width_min && size.width <= largest.width &&
           size.height >= picture_height_min && size.height <= largest.height;
}

std::optional<EngineChoice> parse_engine(std::string_view name) noexcept {
    return enumerator_of<EngineChoice>(name, engines);
}

std::optional<Rotation> parse_rotation(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(rotations, name);
    return found == rotations.end()
               ? std::nullopt
               : std::optional(static_cast<Rotation>(found - rotations.begin() + 1));
}

std::optional<Corner> parse_corner(std::string_view name) noexcept {
    return enumerator_of<Corner>(name, corners);
}

std::string_view corner_name(Corner corner) noexcept {
    return corners[static_cast<std::size_t>(corner)];
}

std::optional<LogLevel> parse_log_level(std::string_view name) noexcept {
    return enumerator_of<LogLevel>(name, log_levels);
}

std::optional<LogFormat> parse_log_format(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(log_formats, name);
    if (found == log_formats.end()) {
        return std::nullopt;
    }
    return static_cast<LogFormat>(found - log_formats.begin());
}

std::string_view log_level_name(LogLevel level) noexcept {
    return log_levels[static_cast<std::size_t>(level)];
}

std::string_view rotation_name(Rotation rotation) noexcept {
    return rotation == Rotation::none ? std::string_view()
                                      : rotations[static_cast<std::size_t>(rotation) - 1];
}

std::string_view camera_tier_name(CameraTier tier) noexcept {
    return camera_tiers[static_cast<std::size_t>(tier)];
}

std::string stream_name_problem(std::string_view name) {
    const bool well_formed =
        !name.empty() && is_letter_or_digit(name.front()) && std::ranges::all_of(name, [](char c) {
            return is_letter_or_digit(c) || c == '_' || c == '-';
        });
    if (!well_formed || name.size() > stream_name_bytes_max) {
        return fmt::format("invalid stream name, expected at most {} letters, digits, - and _, "
                           "beginning with a letter or digit",
                           stream_name_bytes_max);
    }
    if (std::ranges::find(endpoints, name) != endpoints.end()) {
        return fmt::format("this name is reserved for the server's own /{}, expected another name",
                           name);
    }
    return {};
}

bool is_cors_origin(std::string_view text) noexcept {
    if (text == "*") {
        return true;
    }
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || scheme_end == 0 ||
        !std::ranges::all_of(text.substr(0, scheme_end),
                             [](char c) { return is_letter_or_digit(c) || c == '-'; })) {
        return false;
    }
    const std::string_view host = text.substr(scheme_end + 3);
    return !host.empty() && std::ranges::all_of(host, [](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
               c == ']';
    });
}

} // namespace ringcast::config
