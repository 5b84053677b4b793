#include "capture/hdr_sensors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <linux/v4l2-controls.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::capture {

namespace {

namespace fs = std::filesystem;
using camera::HdrSensor;

/// A Raspberry Pi 5 with two cameras has about ten; more are ignored.
constexpr std::size_t subdevices_max = 128;

/// The node of a device in the device tree, which is the id of its camera in libcamera: the target
/// of the link, from "/base" on.
std::string device_tree_node(const fs::path& link) {
    std::error_code error;
    const std::string target = fs::read_symlink(link, error).string();
    const std::size_t start = target.find("/base/");
    return error || start == std::string::npos ? std::string() : target.substr(start);
}

/// 0 or an errno. Without a change nothing is written: a sensor in use refuses that.
int set_hdr(const std::string& device, bool on) noexcept {
    const UniqueFd subdevice(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    v4l2_control control{V4L2_CID_WIDE_DYNAMIC_RANGE, 0};
    if (!subdevice.valid() || ::ioctl(subdevice.get(), VIDIOC_G_CTRL, &control) != 0) {
        return errno;
    }
    const int wanted = on ? 1 : 0;
    if (control.value == wanted) {
        return 0;
    }
    control.value = wanted;
    return ::ioctl(subdevice.get(), VIDIOC_S_CTRL, &control) == 0 ? 0 : errno;
}

} // namespace

std::vector<HdrSensor> find_hdr_sensors(const fs::path& classes) {
    std::vector<HdrSensor> sensors;
    std::error_code error;
    std::size_t seen = 0;
    for (fs::directory_iterator entry(classes, error), end;
         !error && entry != end && seen < subdevices_max; entry.increment(error)) {
        const std::string device = entry->path().filename().string();
        if (!device.starts_with("v4l-subdev")) {
            continue;
        }
        ++seen;
        std::string model; // "imx708_wide 10-001a": the address on its bus follows
        std::ifstream(entry->path() / "name") >> model;
        if (camera::has_sensor_hdr(model)) {
            sensors.push_back(
                {device_tree_node(entry->path() / "device" / "of_node"), model, "/dev/" + device});
        }
    }
    std::ranges::sort(sensors, {}, &HdrSensor::device);
    return sensors;
}

void apply_hdr(std::span<const HdrSensor> sensors,
               std::span<const config::LibcameraConfig> streams) {
    for (const HdrSensor& sensor : sensors) {
        const auto wanted = camera::wanted_hdr(sensor, streams);
        const int error = wanted ? set_hdr(sensor.device, *wanted) : 0;
        if (error != 0) {
            log(LogLevel::warning, "HDR of the sensor {} can't be turned {} ({}): {}", sensor.model,
                *wanted ? "on" : "off", sensor.device, std::strerror(error));
        }
    }
    if (sensors.empty() && std::ranges::any_of(streams, &config::LibcameraConfig::hdr)) {
        log(LogLevel::warning, "hdr = true, but this machine has no sensor with HDR of its own, "
                               "such as a Camera Module 3");
    }
}

} // namespace ringcast::capture
