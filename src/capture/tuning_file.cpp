#include "capture/tuning_file.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace ringcast::capture {

namespace {

namespace fs = std::filesystem;

/// "imx219" for "imx219_noir.json" and for the model "imx219_noir".
std::string_view sensor_of(std::string_view name) noexcept {
    return name.substr(0, name.find_first_of("._"));
}

/// The folder with libcamera's files for this board; none if it is no Raspberry Pi.
std::optional<fs::path> board_folder(const TuningPlaces& places) {
    std::ifstream file(places.compatible, std::ios::binary);
    std::string compatible; // texts that end with a zero byte each, without a line break
    std::getline(file, compatible);
    if (compatible.find("raspberrypi,") == std::string::npos) {
        return std::nullopt;
    }
    const bool raspberry_pi_5 = compatible.find("brcm,bcm2712") != std::string::npos;
    return places.data / "ipa" / "rpi" / (raspberry_pi_5 ? "pisp" : "vc4");
}

/// The names of the files for the same sensor, or of all of them if there are none.
std::string alternatives(const fs::path& folder, std::string_view wanted) {
    std::vector<std::string> all;
    std::vector<std::string> same_sensor;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        all.push_back(name);
        if (sensor_of(name) == sensor_of(wanted)) {
            same_sensor.push_back(name);
        }
    }
    std::vector<std::string>& listed = same_sensor.empty() ? all : same_sensor;
    std::ranges::sort(listed);
    return listed.empty() ? "none" : fmt::format("{}", fmt::join(listed, ", "));
}

} // namespace

Result<std::string> find_tuning_file(std::span<const config::LibcameraConfig> streams,
                                     const TuningPlaces& places) {
    std::string wanted;
    for (const config::LibcameraConfig& stream : streams) {
        if (!stream.tuning.empty() && !wanted.empty() && stream.tuning != wanted) {
            return fail(
                fmt::format("tuning: streams ask for {} and for {}, but libcamera takes one "
                            "tuning file for all cameras of a process: run a second "
                            "ringcast for the other camera",
                            wanted, stream.tuning));
        }
        wanted = stream.tuning.empty() ? wanted : stream.tuning;
    }
    if (wanted.empty()) {
        return std::string();
    }
    const auto folder = board_folder(places);
    if (!folder) {
        return fail(fmt::format("tuning: {} is for the cameras of a Raspberry Pi, and this machine "
                                "is none",
                                wanted));
    }
    if (const std::string problem = missing_tuning_file(wanted, places); !problem.empty()) {
        return fail(problem);
    }
    return (*folder / wanted).string();
}

std::string missing_tuning_file(const std::string& wanted, const TuningPlaces& places) {
    const auto folder = board_folder(places);
    if (!folder && fs::path(wanted).is_relative()) {
        return {};
    }
    // An absolute path replaces the folder.
    const fs::path file = folder.value_or(fs::path()) / wanted;
    std::error_code error;
    if (fs::is_regular_file(file, error)) {
        return {};
    }
    return fmt::format(
        "tuning: there is no file {}{}", file.string(),
        folder ? fmt::format("; {} has {}", folder->string(), alternatives(*folder, wanted)) : "");
}

std::string tuning_refusal(std::string_view process_tuning, std::string_view stream_tuning,
                           std::string_view model, std::string_view driver) {
    const bool usb = driver == "uvcvideo";
    if (usb && !stream_tuning.empty()) {
        return "tuning is for the cameras of a Raspberry Pi's own connectors, and this is a USB "
               "camera: leave it out";
    }
    const std::string name = fs::path(process_tuning).filename().string();
    if (usb || process_tuning.empty() || !stream_tuning.empty() ||
        sensor_of(name) == sensor_of(model)) {
        return {};
    }
    return fmt::format("another stream asks for the tuning {}, which libcamera uses for all "
                       "cameras of a process, and this camera is {}: run a second ringcast for it",
                       name, model);
}

} // namespace ringcast::capture
