#include "input/package_hint.hpp"

#include <algorithm>
#include <array>

namespace ringcast::input {

namespace {

struct Known {
    std::string_view program;
    std::string_view package;
};

constexpr std::array known_programs{
    Known{"cam", "libcamera-tools"},
    Known{"curl", "curl"},
    Known{"ffmpeg", "ffmpeg"},
    Known{"fswebcam", "fswebcam"},
    Known{"gphoto2", "gphoto2"},
    Known{"gst-launch-1.0", "gstreamer1.0-tools"},
    Known{"libcamera-jpeg", "libcamera-apps"},
    Known{"libcamera-still", "libcamera-apps"},
    Known{"libcamera-vid", "libcamera-apps"},
    Known{"python3", "python3"},
    Known{"rpicam-jpeg", "rpicam-apps"},
    Known{"rpicam-still", "rpicam-apps"},
    Known{"rpicam-vid", "rpicam-apps"},
    Known{"socat", "socat"},
    Known{"ssh", "openssh-client"},
    Known{"streamer", "streamer"},
    Known{"v4l2-ctl", "v4l-utils"},
    Known{"vlc", "vlc"},
    Known{"wget", "wget"},
};

} // namespace

std::string_view package_of(std::string_view program) noexcept {
    const std::size_t slash = program.rfind('/');
    const std::string_view name =
        slash == std::string_view::npos ? program : program.substr(slash + 1);
    const auto* const found =
        std::find_if(known_programs.begin(), known_programs.end(),
                     [name](const Known& known) { return known.program == name; });
    return found == known_programs.end() ? std::string_view{} : found->package;
}

} // namespace ringcast::input
