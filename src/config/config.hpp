#pragma once
// The configuration after validation: everything that is here makes sense. How it is spelled in
// TOML is in conf/ringcast.toml, which a test keeps in step.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ringcast::config {

struct ListenTcp {
    std::string host; ///< numeric address or name; empty: every address of both families
    std::uint16_t port = 0;
    friend bool operator==(const ListenTcp&, const ListenTcp&) = default;
};
struct ListenUnix {
    std::string path;
    friend bool operator==(const ListenUnix&, const ListenUnix&) = default;
};
using ListenAddress = std::variant<ListenTcp, ListenUnix>;

struct PictureSize {
    std::uint16_t width = 1280;
    std::uint16_t height = 720;
    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

struct PatternConfig {
    PictureSize size;
    double fps = 30;
    int quality = 80; ///< 1 to 100, as libjpeg has it
};
struct ExecConfig {
    std::vector<std::string> command; ///< the program and its arguments; never a shell line
};
struct StdinConfig {};
struct FileConfig {
    std::string path;          ///< a .mjpeg file, a .jpg file, or a folder of JPEG files
    std::optional<double> fps; ///< default: 30 for .mjpeg, 1 for pictures
};

/// Where the frames of a camera that makes JPEG wait for viewers: in its own memory, or in ours.
enum class CameraTier : std::uint8_t { automatic, registered, copied };

/// As EXIF numbers them. What a camera can do of these it says itself.
enum class Orientation : std::uint8_t {
    rotate0 = 1,
    rotate0_mirror,
    rotate180,
    rotate180_mirror,
    rotate90_mirror,
    rotate270,
    rotate270_mirror,
    rotate90,
};

/// A libcamera control as the file has it; only the camera knows what it takes.
struct ControlSetting {
    using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;
    std::string name;
    Value value;
    friend bool operator==(const ControlSetting&, const ControlSetting&) = default;
};

struct LibcameraConfig {
    std::string camera; ///< id, a part of it, model, index or device; empty: the only one
    std::optional<PictureSize> size; ///< default: the largest up to 1280x720
    double fps = 30;
    std::string format; ///< libcamera's name for it; empty: the best that the camera makes
    int quality = 80;   ///< of raw formats, 1 to 100, as libjpeg has it
    std::vector<ControlSetting> controls;
    Orientation orientation = Orientation::rotate0;
    bool on_demand = false; ///< the camera stops while nobody watches
    Duration idle_after = std::chrono::seconds(10);
    CameraTier tier = CameraTier::automatic;
};
using SourceConfig =
    std::variant<PatternConfig, ExecConfig, StdinConfig, FileConfig, LibcameraConfig>;

struct StreamConfig {
    std::string name;
    bool is_default = false; ///< true for exactly one stream
    SourceConfig source;
};

enum class SendPathPolicy : std::uint8_t { automatic, zero_copy, copy };

struct HttpConfig {
    /// Loopback: who opens the stream to a network says so.
    std::vector<ListenAddress> listen{ListenTcp{"127.0.0.1", 8080}};
    std::vector<std::string> cors_origins;
};
struct ViewersConfig {
    std::uint32_t max = 4096;
    std::uint32_t max_per_address = 0; ///< 0: no limit
    Duration stall_timeout = std::chrono::seconds(10);
    SendPathPolicy send = SendPathPolicy::automatic;
};
struct MemoryConfig {
    std::size_t frame_max = 1024UL * 1024UL; ///< the largest JPEG, bytes
    std::uint16_t slots = 32;                ///< frames in memory per stream
};
struct LogConfig {
    LogLevel level = LogLevel::info;
};

struct Config {
    HttpConfig http;
    ViewersConfig viewers;
    MemoryConfig memory;
    LogConfig log;
    std::vector<StreamConfig> streams; ///< in the order of the file; at least one
};

} // namespace ringcast::config
