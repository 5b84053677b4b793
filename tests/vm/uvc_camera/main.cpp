// uvc_camera: a USB camera without hardware. This process emulates it and plugs it into the running
// kernel, whose uvcvideo driver treats it as a real one. Ending the process unplugs it. See --help.

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/signalfd.h>

#include "uvc_camera/camera.hpp"

namespace {

using namespace ringcast;

constexpr const char* description =
    "A USB Video Class camera in user space, plugged into the running kernel through vhci_hcd\n"
    "(needs root and the modules vhci-hcd and uvcvideo). Ending it unplugs the camera.\n\n"
    "The log has a line for each frame sent: sequence number, capture time (ns since the UNIX\n"
    "epoch), bytes, CRC-32 of the bytes, then \"error\" or \"truncated\" if that applies.";

/// WIDTHxHEIGHT
Result<vm::Size> parse_size(const std::string& text) {
    vm::Size size;
    char rest = 0;
    if (std::sscanf(text.c_str(), "%dx%d%c", &size.width, &size.height, &rest) != 2 ||
        size.width < 16 || size.height < 16 || size.width % 2 != 0 || size.width > 8192 ||
        size.height > 8192) {
        return fail(text + ": expected a size with an even width, such as 1280x720");
    }
    return size;
}

/// WIDTHxHEIGHT=FILE
Result<void> add_mjpeg(vm::CameraOptions& options, const std::string& text) {
    const std::size_t equals = text.find('=');
    const Result<vm::Size> size = parse_size(text.substr(0, equals));
    if (!size) {
        return tl::unexpected(size.error());
    }
    if (equals == std::string::npos) {
        return fail(text + ": expected a size and a file, such as 1280x720=frames.mjpeg");
    }
    Result<vm::JpegFrames> jpegs = vm::JpegFrames::load(text.substr(equals + 1));
    if (!jpegs) {
        return tl::unexpected(jpegs.error());
    }
    options.modes.mjpeg.push_back(*size);
    options.jpegs.push_back(std::move(*jpegs));
    return {};
}

Result<void> add_modes(vm::CameraOptions& options, const std::vector<std::string>& mjpeg,
                       const std::vector<std::string>& yuyv) {
    for (const std::string& text : mjpeg) {
        if (Result<void> added = add_mjpeg(options, text); !added) {
            return added;
        }
    }
    for (const std::string& text : yuyv) {
        const Result<vm::Size> size = parse_size(text);
        if (!size) {
            return tl::unexpected(size.error());
        }
        options.modes.yuyv.push_back(*size);
    }
    if (options.modes.formats().empty()) {
        return fail("a camera needs --mjpeg or --yuyv");
    }
    return {};
}

/// Blocks SIGTERM, SIGINT and SIGHUP; returns a descriptor that is readable when one is pending.
UniqueFd stop_requests() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    return UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

int run(int argument_count, char** arguments) {
    vm::CameraOptions options;
    options.product = "ringcast test camera";
    double fps = 30;
    bool unstamped = false;
    std::vector<std::string> mjpeg;
    std::vector<std::string> yuyv;

    CLI::App app{description};
    app.add_option("--mjpeg", mjpeg, "WIDTHxHEIGHT=FILE: an MJPEG size, and a file of such JPEGs")
        ->allow_extra_args(false);
    app.add_option("--yuyv", yuyv,
                   "WIDTHxHEIGHT: a YUYV size; frames show the block of pattern-block.md")
        ->allow_extra_args(false);
    app.add_option("--port", options.port, "Port of vhci_hcd.0, one for each camera")
        ->check(CLI::Range(0, 7))
        ->capture_default_str();
    app.add_option("--fps", fps, "Maximum frame rate")->check(CLI::Range(1, 240));
    app.add_option("--product", options.product, "USB product name")->capture_default_str();
    app.add_option("--log", options.log, "File that the log is appended to");
    app.add_option("--control-log", options.control_log,
                   "File to which the name and value of each control that the host sets are "
                   "appended");
    app.add_flag("--unstamped", unstamped, "Send the file's JPEGs unchanged, without a stamp");
    app.add_option("--error-every", options.error_every, "Set the error bit in each n-th frame");
    app.add_option("--truncate-every", options.truncate_every, "Send only half of each n-th frame");
    CLI11_PARSE(app, argument_count, arguments);
    options.stamped = !unstamped;
    options.modes.intervals = vm::intervals_up_to(fps);

    // Before the camera is plugged in, so that no signal is lost.
    const UniqueFd stop = stop_requests();
    if (const Result<void> added = add_modes(options, mjpeg, yuyv); !added) {
        std::fprintf(stderr, "uvc_camera: %s\n", added.error().message.c_str());
        return 2;
    }
    Result<vm::Camera> camera = vm::Camera::plug_in(std::move(options));
    if (!camera) {
        std::fprintf(stderr, "uvc_camera: %s\n", camera.error().message.c_str());
        return 1;
    }
    camera->run(stop.get());
    return 0;
}

} // namespace

int main(int argument_count, char** arguments) {
    try {
        return run(argument_count, arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "uvc_camera: %s\n", error.what());
        return 1;
    }
}
