#pragma once
// The tuning file of a Raspberry Pi's cameras, such as one for a lens without infrared filter.
// libcamera reads its name from one environment variable when it starts, so there is one file for
// all cameras of the process. Knows no camera library.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::capture {

inline constexpr const char* tuning_variable = "LIBCAMERA_RPI_TUNING_FILE";

/// Where tuning files are found.
struct TuningPlaces {
    /// The models that the board is compatible with, as the device tree lists them.
    std::filesystem::path compatible = "/proc/device-tree/compatible";
    /// libcamera's own files are in ipa/rpi/vc4 or, for a Raspberry Pi 5, ipa/rpi/pisp.
    std::filesystem::path data = "/usr/share/libcamera";
};

/// The path of the file that the streams ask for; empty if none does. Fails if they ask for several,
/// if the file does not exist, or if this machine is no Raspberry Pi; the error lists the files for
/// the same sensor.
[[nodiscard]] Result<std::string> find_tuning_file(std::span<const config::LibcameraConfig> streams,
                                                   const TuningPlaces& places = {});

/// Why the file `wanted`, the setting of a stream, can't be found; empty if it exists, or if that is
/// unknown here: on a machine that is no Raspberry Pi, only absolute paths are looked for.
[[nodiscard]] std::string missing_tuning_file(const std::string& wanted,
                                              const TuningPlaces& places = {});

/// Why a stream can't show this camera with the tuning of the process; empty if it can.
/// `process_tuning`: what find_tuning_file has returned; `stream_tuning`: the stream's own setting;
/// `driver`: the camera's kernel driver.
[[nodiscard]] std::string tuning_refusal(std::string_view process_tuning,
                                         std::string_view stream_tuning, std::string_view model,
                                         std::string_view driver);

} // namespace ringcast::capture
