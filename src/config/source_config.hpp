#pragma once
// Where the frames of a stream come from: one struct for each kind of source, after validation.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "http/url.hpp"

namespace ringcast::config {

struct PictureSize {
    std::uint16_t width = 1280;
    std::uint16_t height = 720;
    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

struct PatternConfig {
    PictureSize size;
    double fps = 30;
    int quality = 80; ///< libjpeg's, 1 to 100
    friend bool operator==(const PatternConfig&, const PatternConfig&) = default;
};
struct ExecConfig {
    std::vector<std::string> command; ///< the program and its arguments; no shell is involved
    /// Time without a frame until the program is restarted; 0: never.
    Duration timeout = std::chrono::seconds(10);
    friend bool operator==(const ExecConfig&, const ExecConfig&) = default;
};
struct StdinConfig {
    friend bool operator==(const StdinConfig&, const StdinConfig&) = default;
};
struct FileConfig {
    std::string path;          ///< a .mjpeg file, a .jpg file, or a folder of JPEG files
    std::optional<double> fps; ///< default: 30 for .mjpeg, 1 for pictures
    friend bool operator==(const FileConfig&, const FileConfig&) = default;
};

/// Where frames of a camera that delivers JPEG are kept while they are sent: in the camera's
/// buffers, registered with io_uring, or copied into the stream's own slots.
enum class CameraTier : std::uint8_t { automatic, registered, copied };

/// A control of a camera as written in the file. It is checked when the camera is opened, because
/// controls and their limits depend on the camera.
struct ControlSetting {
    using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;
    std::string name;
    Value value;
    friend bool operator==(const ControlSetting&, const ControlSetting&) = default;
};

/// How many controls of a camera can be set.
inline constexpr std::size_t camera_controls_max = 64;

/// How the mode of a camera's sensor is chosen, where it has several.
struct SensorSetting {
    enum class Kind : std::uint8_t { full, automatic, named };
    Kind kind = Kind::full; ///< `automatic`: by libcamera
    PictureSize size{};     ///< of the mode, if it is named
    friend bool operator==(const SensorSetting&, const SensorSetting&) = default;
};

struct LibcameraConfig {
    std::string camera; ///< id, part of an id, model, index or device; empty: the only camera
    std::optional<PictureSize> size; ///< default: the largest up to 1280x720
    double fps = 30;
    std::string format; ///< libcamera's name of the pixel format; empty: the best available one
    int quality = 80;   ///< for encoding raw formats: libjpeg's, 1 to 100
    SensorSetting sensor;
    bool hdr = false;   ///< of the sensor itself
    std::string tuning; ///< name or path of a file, for a Raspberry Pi; empty: libcamera's choice
    std::vector<ControlSetting> controls;
    bool on_demand = false; ///< stop the camera while there are no viewers
    Duration idle_after = std::chrono::seconds(10);
    CameraTier tier = CameraTier::automatic;
    friend bool operator==(const LibcameraConfig&, const LibcameraConfig&) = default;
};
/// Another server's stream.
struct UpstreamConfig {
    http::Url url;           ///< with a UNIX socket, only its `target` is used
    std::string socket_path; ///< of a UNIX socket; empty: TCP
    std::string credentials_file;
    std::optional<Duration> poll; ///< between requests for single pictures; default: 1 s
    Duration timeout = std::chrono::seconds(10);
    bool on_demand = false; ///< connect only while there are viewers
    Duration idle_after = std::chrono::seconds(10);
    friend bool operator==(const UpstreamConfig&, const UpstreamConfig&) = default;
};
using SourceConfig = std::variant<PatternConfig, ExecConfig, StdinConfig, FileConfig,
                                  LibcameraConfig, UpstreamConfig>;

} // namespace ringcast::config
