#include "capture/v4l2_devices.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/unique_fd.hpp"

namespace ringcast::capture {

namespace {

struct FormatCode {
    std::string_view name;
    std::uint32_t code;
};
// Formats of USB cameras.
constexpr std::array format_codes{
    FormatCode{"MJPEG", V4L2_PIX_FMT_MJPEG},   FormatCode{"YUYV", V4L2_PIX_FMT_YUYV},
    FormatCode{"UYVY", V4L2_PIX_FMT_UYVY},     FormatCode{"NV12", V4L2_PIX_FMT_NV12},
    FormatCode{"YUV420", V4L2_PIX_FMT_YUV420}, FormatCode{"R8", V4L2_PIX_FMT_GREY},
};

double rate_of(const v4l2_fract& interval) noexcept {
    return interval.numerator == 0 ? 0
                                   : static_cast<double>(interval.denominator) / interval.numerator;
}

/// 1/30 for 30, 1000/29970 for 29.97.
v4l2_fract interval_of(double fps) noexcept {
    if (std::trunc(fps) == fps) {
        return {1, static_cast<std::uint32_t>(fps)};
    }
    constexpr std::uint32_t precision = 1000;
    return {precision, static_cast<std::uint32_t>(std::lround(fps * precision))};
}

/// The process's file descriptor of one of `devices`, or -1.
int find_descriptor(std::span<const std::uint64_t> devices) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int fd = std::atoi(entry.path().filename().c_str());
        struct stat status{};
        if (::fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode) ||
            std::ranges::find(devices, status.st_rdev) == devices.end()) {
            continue;
        }
        v4l2_streamparm parameters{};
        parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        if (::ioctl(fd, VIDIOC_G_PARM, &parameters) == 0) {
            return fd;
        }
    }
    return -1;
}

} // namespace

std::optional<double> set_v4l2_rate(std::span<const std::uint64_t> devices, double fps) {
    const int fd = find_descriptor(devices);
    if (fd < 0) {
        return std::nullopt;
    }
    v4l2_streamparm parameters{};
    parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    parameters.parm.capture.timeperframe = interval_of(fps);
    if (::ioctl(fd, VIDIOC_S_PARM, &parameters) != 0 ||
        (parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) == 0) {
        return std::nullopt;
    }
    return rate_of(parameters.parm.capture.timeperframe);
}

std::optional<double> highest_v4l2_rate(std::span<const std::uint64_t> devices,
                                        std::string_view format, config::PictureSize size) {
    const auto code = std::ranges::find(format_codes, format, &FormatCode::name);
    if (code == format_codes.end()) {
        return std::nullopt;
    }
    double highest = 0;
    for (const std::uint64_t device : devices) {
        const std::string path = device_path(device);
        const UniqueFd fd(path.empty() ? -1
                                       : ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
        v4l2_frmivalenum interval{};
        interval.pixel_format = code->code;
        interval.width = size.width;
        interval.height = size.height;
        constexpr std::uint32_t intervals_max = 256;
        while (fd.valid() && interval.index < intervals_max &&
               ::ioctl(fd.get(), VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0) {
            const bool discrete = interval.type == V4L2_FRMIVAL_TYPE_DISCRETE;
            highest =
                std::max(highest, rate_of(discrete ? interval.discrete : interval.stepwise.min));
            if (!discrete) {
                break;
            }
            ++interval.index;
        }
    }
    return highest > 0 ? std::optional(highest) : std::nullopt;
}

std::string driver_of(std::span<const std::uint64_t> devices) {
    for (const std::uint64_t device : devices) {
        std::error_code error;
        const auto driver = std::filesystem::read_symlink(
            fmt::format("/sys/dev/char/{}:{}/device/driver", major(device), minor(device)), error);
        if (!error) {
            return driver.filename().string();
        }
    }
    return {};
}

std::string device_path(std::uint64_t device) {
    std::ifstream description(
        fmt::format("/sys/dev/char/{}:{}/uevent", major(device), minor(device)));
    constexpr std::string_view key = "DEVNAME=";
    for (std::string line; std::getline(description, line);) {
        if (line.starts_with(key)) {
            return "/dev/" + line.substr(key.size());
        }
    }
    return {};
}

std::optional<std::uint64_t> device_number(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) {
        return std::nullopt;
    }
    return status.st_rdev;
}

} // namespace ringcast::capture
