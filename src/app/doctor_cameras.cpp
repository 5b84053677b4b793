#include "app/doctor_cameras.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <linux/videodev2.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "capture/camera_access.hpp"
#include "capture/cameras.hpp"
#include "capture/v4l2_devices.hpp"
#include "libcamera/dma_heap.hpp"

namespace ringcast::app {

namespace {

namespace fs = std::filesystem;

/// A Raspberry Pi has about forty device files; more are ignored.
constexpr std::size_t devices_max = 256;
constexpr unsigned formats_max = 64;

std::string group_name(gid_t group) {
    const ::group* const entry = ::getgrgid(group);
    return entry == nullptr ? std::string() : std::string(entry->gr_name);
}

/// According to the system's list, whether or not this session is in the group yet.
bool user_is_member(gid_t group) {
    const ::passwd* const user = ::getpwuid(::getuid());
    if (user == nullptr) {
        return false;
    }
    const std::string name = user->pw_name;
    const ::group* const entry = ::getgrgid(group);
    for (char** member = entry == nullptr ? nullptr : entry->gr_mem;
         member != nullptr && *member != nullptr; ++member) {
        if (name == *member) {
            return true;
        }
    }
    return false;
}

/// The device files in `folder` whose names begin with `prefix`, in the order of their numbers.
std::vector<fs::path> device_files(const fs::path& folder, std::string_view prefix) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end;
         !error && entry != end && files.size() < devices_max; entry.increment(error)) {
        if (entry->path().filename().string().starts_with(prefix)) {
            files.push_back(entry->path());
        }
    }
    std::ranges::sort(files, [](const fs::path& left, const fs::path& right) {
        const std::string a = left.string();
        const std::string b = right.string();
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return files;
}

bool lists_jpeg(int device, std::uint32_t buffer_type) noexcept {
    for (unsigned index = 0; index < formats_max; ++index) {
        v4l2_fmtdesc format{};
        format.index = index;
        format.type = buffer_type;
        if (::ioctl(device, VIDIOC_ENUM_FMT, &format) != 0) {
            return false;
        }
        if (format.pixelformat == V4L2_PIX_FMT_MJPEG || format.pixelformat == V4L2_PIX_FMT_JPEG) {
            return true;
        }
    }
    return false;
}

/// One of the driver's buffers, mapped for the lifetime of this object.
class DriverBuffer {
public:
    DriverBuffer(int device, std::uint32_t buffer_type) noexcept
        : device_(device), request_(request_for(buffer_type, 1)) {
        if (::ioctl(device, VIDIOC_REQBUFS, &request_) != 0) {
            error_ = errno;
            return;
        }
        requested_ = true;
        v4l2_plane plane{};
        v4l2_buffer buffer{};
        buffer.type = buffer_type;
        buffer.memory = V4L2_MEMORY_MMAP;
        const bool planar = buffer_type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
        if (planar) {
            buffer.m.planes = &plane;
            buffer.length = 1;
        }
        if (request_.count == 0 || ::ioctl(device, VIDIOC_QUERYBUF, &buffer) != 0) {
            error_ = request_.count == 0 ? ENOMEM : errno;
            return;
        }
        const std::size_t bytes = planar ? plane.length : buffer.length;
        const off_t offset = planar ? plane.m.mem_offset : buffer.m.offset;
        void* const start =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device, offset);
        if (start == MAP_FAILED) {
            error_ = errno;
            return;
        }
        memory_ = ByteSpan(static_cast<std::byte*>(start), bytes);
    }
    DriverBuffer(const DriverBuffer&) = delete;
    DriverBuffer& operator=(const DriverBuffer&) = delete;
    DriverBuffer(DriverBuffer&&) = delete;
    DriverBuffer& operator=(DriverBuffer&&) = delete;
    ~DriverBuffer() {
        if (!memory_.empty()) {
            ::munmap(memory_.data(), memory_.size());
        }
        if (requested_) {
            v4l2_requestbuffers none = request_for(request_.type, 0);
            ::ioctl(device_, VIDIOC_REQBUFS, &none);
        }
    }

    [[nodiscard]] ByteSpan memory() const noexcept { return memory_; }
    /// An errno when there is no memory.
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    static v4l2_requestbuffers request_for(std::uint32_t buffer_type, unsigned count) noexcept {
        v4l2_requestbuffers request{};
        request.count = count;
        request.type = buffer_type;
        request.memory = V4L2_MEMORY_MMAP;
        return request;
    }

    int device_;
    v4l2_requestbuffers request_;
    bool requested_ = false;
    int error_ = 0;
    ByteSpan memory_;
};

/// Tests whether frames can be sent from the camera's own memory.
void try_memory(int device, std::uint32_t buffer_type, io::Engine& engine,
                VideoDeviceFacts& facts) {
    const DriverBuffer buffer(device, buffer_type);
    facts.in_use = buffer.error() == EBUSY;
    if (buffer.memory().empty()) {
        facts.registration_failure =
            std::string("the driver provides no memory: ") + std::strerror(buffer.error());
        return;
    }
    if (const auto registered = engine.register_buffer(buffer.memory(), {})) {
        engine.release_buffer(*registered);
    } else {
        facts.registration_failure = registered.error().message;
    }
}

void ask_video_device(int device, io::Engine* engine, VideoDeviceFacts& facts) {
    v4l2_capability capability{};
    if (::ioctl(device, VIDIOC_QUERYCAP, &capability) != 0) {
        return;
    }
    const auto* const driver = reinterpret_cast<const char*>(capability.driver);
    facts.driver = std::string(driver, ::strnlen(driver, sizeof capability.driver));
    const std::uint32_t has = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0
                                  ? capability.device_caps
                                  : capability.capabilities;
    const bool planar = (has & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0;
    facts.captures = planar || (has & V4L2_CAP_VIDEO_CAPTURE) != 0;
    const std::uint32_t buffer_type =
        planar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
    facts.makes_jpeg = facts.captures && lists_jpeg(device, buffer_type);
    if (facts.makes_jpeg && engine != nullptr) {
        try_memory(device, buffer_type, *engine, facts);
    }
}

} // namespace

std::vector<VideoDeviceFacts> look_at_video_devices(io::Engine* engine) {
    std::vector<VideoDeviceFacts> devices;
    for (const fs::path& path : device_files("/dev", "video")) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) {
            continue;
        }
        VideoDeviceFacts& facts = devices.emplace_back();
        facts.path = path;
        facts.group = group_name(status.st_gid);
        facts.member = user_is_member(status.st_gid);
        const UniqueFd device(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        facts.permitted = device.valid() || (errno != EACCES && errno != EPERM);
        if (device.valid()) {
            ask_video_device(device.get(), engine, facts);
        }
    }
    return devices;
}

CameraLibraryFacts look_at_cameras() {
    CameraLibraryFacts facts;
    if (capture::camera_permission_problem()) {
        set_log_level(LogLevel::error);
    }
    const auto cameras = capture::open_cameras({});
    if (!cameras) {
        facts.failure = cameras.error().message;
        return facts;
    }
    facts.library = (*cameras)->library();
    const auto listed = (*cameras)->list();
    if (!listed) {
        facts.failure = listed.error().message;
        return facts;
    }
    for (const capture::CameraListing& listing : *listed) {
        CameraFacts& camera = facts.cameras.emplace_back();
        camera.name = camera::display_name(listing.identity);
        for (const std::uint64_t device : listing.identity.devices) {
            camera.devices.push_back(capture::device_path(device));
        }
        camera.makes_jpeg = std::ranges::find(listing.offers, camera::mjpeg_format,
                                              &camera::FormatOffer::name) != listing.offers.end();
        camera.buffers = listing.buffers;
    }
    return facts;
}

std::vector<DmaHeapFacts> look_at_dma_heaps() {
    std::vector<DmaHeapFacts> heaps;
    for (const fs::path& path : device_files(capture::dma_heap_folder, "")) {
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0) {
            heaps.push_back({path, group_name(status.st_gid),
                             ::access(path.c_str(), R_OK | W_OK) == 0,
                             user_is_member(status.st_gid)});
        }
    }
    return heaps;
}

} // namespace ringcast::app
