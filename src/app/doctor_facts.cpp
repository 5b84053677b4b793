#include "app/doctor_facts.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/videodev2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/limits.hpp"
#include "app/listeners.hpp"
#include "app/port_holder.hpp"
#include "ringcast/base/unique_fd.hpp"
#include "ringcast/config/describe.hpp"
#include "ringcast/config/listen_address.hpp"
#include "uring/memory.hpp"
#include "uring/setup_failure.hpp"
#include "uring/uring_ring.hpp"
#include "uring/zero_copy_trial.hpp"

namespace ringcast::app {

namespace {

namespace fs = std::filesystem;

/// A Raspberry Pi has about forty device files; more than these are not looked at.
constexpr std::size_t devices_max = 256;
constexpr unsigned formats_max = 64;

std::string first_line(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<unsigned> number_in(const fs::path& path) {
    const std::string text = first_line(path);
    unsigned value = 0; // A speed that is not known reads "-1", which is none.
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

template <std::size_t size>
std::string text_of(const char (&field)[size]) { // NOLINT(modernize-avoid-c-arrays): the kernel's
    return {field, strnlen(field, size)};
}

// --- io_uring and limits ---

IoUringFacts look_at_io_uring(std::size_t stream_bytes) {
    IoUringFacts facts;
    facts.kernel = uring::kernel_release();
    const auto ring = uring::UringRing::create({});
    if (!ring) {
        facts.failure = ring.error().message;
        return facts;
    }
    if (const auto tried = uring::try_zero_copy(); !tried) {
        facts.zero_copy_failure = tried.error().message;
    }
    const auto memory = uring::MappedMemory::create(stream_bytes);
    if (!memory) {
        facts.registration_failure = memory.error().message;
    } else if (const auto registered = (*ring)->register_buffer(memory->bytes(), {}); !registered) {
        facts.registration_failure = registered.error().message;
    }
    return facts;
}

std::optional<std::uint64_t> limit_of(rlim_t value) noexcept {
    return value == RLIM_INFINITY ? std::nullopt : std::optional<std::uint64_t>(value);
}

/// From "CapEff:	000001ffffffffff" in /proc/self/status.
bool has_capability(unsigned number) {
    std::ifstream status("/proc/self/status");
    std::string line;
    constexpr std::string_view name = "CapEff:\t";
    while (std::getline(status, line)) {
        std::uint64_t bits = 0;
        if (line.starts_with(name) &&
            std::from_chars(line.data() + name.size(), line.data() + line.size(), bits, 16).ec ==
                std::errc{}) {
            return ((bits >> number) & 1U) != 0;
        }
    }
    return false;
}

/// Raises the limits as ringcast does at start, so that what is tried afterwards tells the same.
LimitFacts look_at_limits() {
    constexpr unsigned cap_ipc_lock = 14;
    LimitFacts facts;
    rlimit locked{};
    if (::getrlimit(RLIMIT_MEMLOCK, &locked) == 0) {
        facts.locked_soft = limit_of(locked.rlim_cur);
        facts.locked_hard = limit_of(locked.rlim_max);
    }
    static_cast<void>(raise_locked_memory_limit());
    facts.may_lock_all = has_capability(cap_ipc_lock);
    facts.open_files_max = raise_open_files_limit();
    return facts;
}

// --- network ---

ifreq request_for(const std::string& name) noexcept {
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    return request;
}

std::optional<bool> has_scatter_gather(int socket, const std::string& name) noexcept {
    ethtool_value value{};
    value.cmd = ETHTOOL_GSG;
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (::ioctl(socket, SIOCETHTOOL, &request) != 0) {
        return std::nullopt;
    }
    return value.data != 0;
}

std::string driver_of(int socket, const std::string& name) {
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&driver);
    return ::ioctl(socket, SIOCETHTOOL, &request) == 0 ? text_of(driver.driver) : std::string();
}

InterfaceFacts look_at_interface(int socket, const std::string& name, unsigned flags) {
    const fs::path folder = fs::path("/sys/class/net") / name;
    std::error_code error;
    InterfaceFacts facts;
    facts.name = name;
    facts.driver = driver_of(socket, name);
    facts.loopback = (flags & IFF_LOOPBACK) != 0;
    facts.wireless =
        fs::exists(folder / "phy80211", error) || fs::exists(folder / "wireless", error);
    facts.speed = number_in(folder / "speed");
    facts.scatter_gather = has_scatter_gather(socket, name);
    if (ifreq request = request_for(name); ::ioctl(socket, SIOCGIFMTU, &request) == 0) {
        facts.mtu = static_cast<unsigned>(request.ifr_mtu);
    }
    return facts;
}

/// Whether viewers can come by it: link-local addresses are what every interface has.
bool is_reachable_by(const sockaddr* address) noexcept {
    if (address == nullptr) {
        return false;
    }
    if (address->sa_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        return !IN6_IS_ADDR_LINKLOCAL(&ipv6);
    }
    return address->sa_family == AF_INET;
}

std::vector<InterfaceFacts> look_at_interfaces() {
    std::vector<InterfaceFacts> interfaces;
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifaddrs* found = nullptr;
    if (!socket.valid() || ::getifaddrs(&found) != 0) {
        return interfaces;
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(found, &::freeifaddrs);
    for (const ifaddrs* entry = found; entry != nullptr && interfaces.size() < devices_max;
         entry = entry->ifa_next) {
        const std::string name = entry->ifa_name;
        const bool known =
            std::ranges::find(interfaces, name, &InterfaceFacts::name) != interfaces.end();
        if (!known && (entry->ifa_flags & IFF_UP) != 0 && is_reachable_by(entry->ifa_addr)) {
            interfaces.push_back(look_at_interface(socket.get(), name, entry->ifa_flags));
        }
    }
    return interfaces;
}

// --- devices ---

std::string group_name(gid_t group) {
    const ::group* const entry = ::getgrgid(group);
    return entry == nullptr ? std::string() : std::string(entry->gr_name);
}

/// In the system's list, whether or not this session has it yet.
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

void ask_video_device(int device, VideoDeviceFacts& facts) {
    v4l2_capability capability{};
    if (::ioctl(device, VIDIOC_QUERYCAP, &capability) != 0) {
        return;
    }
    facts.opened = true;
    const std::uint32_t has = (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0
                                  ? capability.device_caps
                                  : capability.capabilities;
    const bool planar = (has & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0;
    facts.captures = planar || (has & V4L2_CAP_VIDEO_CAPTURE) != 0;
    facts.makes_jpeg =
        facts.captures && lists_jpeg(device, planar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
                                                    : V4L2_BUF_TYPE_VIDEO_CAPTURE);
}

std::vector<VideoDeviceFacts> look_at_video_devices() {
    std::vector<VideoDeviceFacts> devices;
    for (const fs::path& path : device_files("/dev", "video")) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) {
            continue;
        }
        VideoDeviceFacts& facts = devices.emplace_back();
        facts.path = path;
        facts.name = first_line(fs::path("/sys/class/video4linux") / path.filename() / "name");
        facts.group = group_name(status.st_gid);
        facts.member = user_is_member(status.st_gid);
        const UniqueFd device(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        facts.permitted = device.valid() || (errno != EACCES && errno != EPERM);
        if (device.valid()) {
            ask_video_device(device.get(), facts);
        }
    }
    return devices;
}

std::vector<DmaHeapFacts> look_at_dma_heaps() {
    std::vector<DmaHeapFacts> heaps;
    for (const fs::path& path : device_files("/dev/dma_heap", "")) {
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0) {
            heaps.push_back(
                {path, group_name(status.st_gid), ::access(path.c_str(), R_OK | W_OK) == 0});
        }
    }
    return heaps;
}

// --- addresses ---

std::vector<AddressFacts> look_at_addresses(const config::Config& config) {
    std::vector<AddressFacts> addresses;
    for (const config::ListenAddress& address : config.http.listen) {
        AddressFacts& facts = addresses.emplace_back();
        facts.address = config::listen_address_text(address);
        const auto opened = open_listeners(std::span(&address, 1), config.viewers.stall_timeout);
        if (opened) {
            continue;
        }
        facts.failure = opened.error().message;
        if (const auto* tcp = std::get_if<config::ListenTcp>(&address)) {
            const auto holder = find_port_holder(tcp->port);
            facts.held_by_ringcast = holder && holder->program == "ringcast";
        }
    }
    return addresses;
}

} // namespace

MachineFacts look_at_machine(const config::Config& config) {
    MachineFacts facts;
    facts.needs.viewers_max = config.viewers.max;
    facts.needs.stream_count = std::max<std::size_t>(config.streams.size(), 1);
    facts.needs.stream_bytes = config::stream_memory_bytes(config.memory);
    facts.limits = look_at_limits();
    facts.io_uring = look_at_io_uring(facts.needs.stream_bytes);
    facts.interfaces = look_at_interfaces();
    facts.video_devices = look_at_video_devices();
    facts.dma_heaps = look_at_dma_heaps();
    facts.addresses = look_at_addresses(config);
    return facts;
}

} // namespace ringcast::app
