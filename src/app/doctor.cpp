#include "app/doctor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/doctor_addresses.hpp"
#include "app/limits.hpp"
#include "config/units.hpp"
#include "libcamera/dma_heap.hpp"

namespace ringcast::app {

namespace {

using Findings = std::vector<Finding>;

/// How a Debian user raises the limit: {0} is MiB, {1} KiB.
constexpr std::string_view memlock_advice =
    "LimitMEMLOCK={0}M in the unit (packaging/ringcast.service has one), or for a shell a line "
    "`USER - memlock {1}` in /etc/security/limits.d/ringcast.conf and a new login, or for a "
    "container its option `--ulimit memlock=-1`";

std::uint64_t in_mib(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1024UL * 1024UL;
    return (bytes + mib - 1) / mib;
}

std::string limit_text(const std::optional<std::uint64_t>& bytes) {
    return bytes ? fmt::format("{} MiB", *bytes / (1024UL * 1024UL)) : std::string("unlimited");
}

// --- io_uring ---

Findings check_io_uring(const MachineFacts& facts) {
    const IoUringFacts& found = facts.io_uring;
    if (found.failure) {
        // The explanation contains the advice.
        const bool required = facts.needs.engine == config::EngineChoice::io_uring;
        return {
            {required ? Verdict::problem : Verdict::note,
             "io_uring",
             fmt::format("{}; {}", *found.failure,
                         required ? "ringcast does not start, because the configuration asks for it"
                                  : "ringcast serves with epoll instead, which copies each frame "
                                    "for each viewer"),
             {}}};
    }
    if (facts.needs.engine == config::EngineChoice::epoll) {
        return {{Verdict::note, "io_uring",
                 found.kernel +
                     " provides what ringcast needs, but the configuration asks for epoll, "
                     "which copies each frame for each viewer",
                 "leave out engine, or set it to \"auto\""}};
    }
    return {{Verdict::ok, "io_uring", found.kernel + " provides what ringcast needs", {}}};
}

Findings check_zero_copy(const MachineFacts& facts) {
    const IoUringFacts& found = facts.io_uring;
    if (found.failure || facts.needs.engine == config::EngineChoice::epoll) {
        return {};
    }
    if (found.zero_copy_failure) {
        return {{Verdict::note, "zero-copy sends",
                 "not available, so the kernel copies each frame for each viewer: " +
                     *found.zero_copy_failure,
                 "use Linux 6.2 or later; late releases of 6.1 have it too"}};
    }
    return {{Verdict::ok,
             "zero-copy sends",
             "the kernel supports them, and reports when it copied after all",
             {}}};
}

// --- limits ---

Findings check_locked_memory(const MachineFacts& facts) {
    const LimitFacts& limits = facts.limits;
    const Needs& needs = facts.needs;
    const std::uint64_t needed = needs.stream_bytes * needs.stream_count;
    const std::string has =
        limits.may_lock_all
            ? std::string("this user may lock any amount (CAP_IPC_LOCK)")
            : fmt::format("this user may lock {} (soft limit {}, which ringcast raises)",
                          limit_text(limits.locked_hard), limit_text(limits.locked_soft));
    const std::string wants =
        fmt::format("the frames of {} stream{} take {} MiB", needs.stream_count,
                    needs.stream_count == 1 ? "" : "s", in_mib(needed));
    const bool enough = limits.may_lock_all || !limits.locked_hard || needed <= *limits.locked_hard;
    if (enough && !facts.io_uring.registration_failure) {
        return {{Verdict::ok, "locked memory", fmt::format("{}; {}", has, wants), {}}};
    }
    const std::string consequence =
        "streams beyond the limit use plain memory and copy all sends (tier \"unregistered\")";
    if (enough) {
        return {{Verdict::note,
                 "locked memory",
                 fmt::format("{}; yet {}; {}", wants, *facts.io_uring.registration_failure,
                             consequence),
                 {}}};
    }
    // Room for the buffers of a camera as well: four of 4 MiB at 1080p.
    constexpr std::uint64_t camera_mib = 16;
    const std::uint64_t wanted_mib = in_mib(needed) + camera_mib * needs.stream_count;
    return {{Verdict::note, "locked memory", fmt::format("{}; {}; {}", has, wants, consequence),
             fmt::format(memlock_advice, wanted_mib, wanted_mib * 1024)}};
}

Findings check_open_files(const MachineFacts& facts) {
    const auto warning = open_files_warning(facts.needs.open_files, facts.limits.open_files_max);
    if (warning) {
        return {{Verdict::problem, "open files", *warning, {}}};
    }
    return {{Verdict::ok,
             "open files",
             fmt::format("{} are allowed, enough for {} viewers", facts.limits.open_files_max,
                         facts.needs.open_files.viewers_max),
             {}}};
}

// --- network ---

/// The limits of the link itself, whatever the sends cost.
std::string capacity(const InterfaceFacts& interface) {
    std::string text = fmt::format(" (MTU {}", interface.mtu);
    if (interface.speed) {
        constexpr std::uint64_t frame_bits = 1'600'000; // 200 KB
        constexpr std::uint64_t frames_per_second = 30;
        const std::uint64_t viewers =
            std::uint64_t{*interface.speed} * 1'000'000 / (frame_bits * frames_per_second);
        text += fmt::format("; {} Mbit/s: full at about {} viewers of 200 KB at 30 frames/s",
                            *interface.speed, viewers);
    }
    return text + ")";
}

Finding check_interface(const InterfaceFacts& interface) {
    const std::string subject = "network " + interface.name;
    if (interface.loopback) {
        return {Verdict::ok,
                subject,
                "viewers on this machine are sent to by copy, which is cheapest there: the kernel "
                "copies on loopback in any case",
                {}};
    }
    constexpr std::array<std::string_view, 3> copying{"veth", "tun", "ipvlan"};
    if (std::ranges::find(copying, interface.driver) != copying.end()) {
        return {
            Verdict::note, subject,
            fmt::format("a virtual interface ({}), where the kernel copies each frame; ringcast "
                        "notices and uses plain sends{}",
                        interface.driver, capacity(interface)),
            "in a container, the network of the host (--network host) avoids that copy"};
    }
    if (!interface.scatter_gather.has_value()) {
        return {
            Verdict::note,
            subject,
            "it does not report whether it has scatter-gather; zero-copy sends help only with it" +
                capacity(interface),
            {}};
    }
    if (*interface.scatter_gather) {
        return {Verdict::ok,
                subject,
                fmt::format("{}has scatter-gather: zero-copy sends help, the card reads frames "
                            "where they are{}",
                            interface.wireless ? "Wi-Fi that " : "", capacity(interface)),
                {}};
    }
    const std::string meaning =
        "no scatter-gather: the kernel assembles each packet by copying, although it reports most "
        "sends as zero-copy" +
        capacity(interface);
    if (interface.wireless) {
        return {Verdict::note, subject, "Wi-Fi, " + meaning,
                "use a cable if the processor is the bottleneck; viewers see no difference"};
    }
    return {Verdict::note, subject, meaning,
            fmt::format("`sudo ethtool -K {} sg on`, if the card supports it", interface.name)};
}

Findings check_interfaces(const MachineFacts& facts) {
    Findings findings;
    for (const InterfaceFacts& interface : facts.interfaces) {
        findings.push_back(check_interface(interface));
    }
    return findings;
}

// --- cameras ---

/// How this user gets permission to open a device file.
std::string permission_advice(const std::string& group, bool member) {
    if (group.empty() || group == "root") {
        return "only root may open it: add a udev rule (GROUP=\"video\", MODE=\"0660\")";
    }
    if (member) {
        return fmt::format("log out and in again: this user is in group {}, but this session began "
                           "before that",
                           group);
    }
    return fmt::format("`sudo usermod -aG {} $USER`, then log out and in again", group);
}

/// "/dev/video0, /dev/video1 and 38 more".
std::string some_of(std::span<const VideoDeviceFacts* const> devices) {
    constexpr std::size_t shown_max = 2;
    std::string text;
    for (std::size_t i = 0; i < std::min(devices.size(), shown_max); ++i) {
        text += (i == 0 ? "" : ", ") + devices[i]->path;
    }
    return devices.size() <= shown_max
               ? text
               : fmt::format("{} and {} more", text, devices.size() - shown_max);
}

template <typename Fits>
std::vector<const VideoDeviceFacts*> devices_that(const MachineFacts& facts, Fits fits) {
    std::vector<const VideoDeviceFacts*> found;
    for (const VideoDeviceFacts& device : facts.video_devices) {
        if (fits(device)) {
            found.push_back(&device);
        }
    }
    return found;
}

/// One finding for all devices: a Raspberry Pi has forty.
Findings check_video_permissions(const MachineFacts& facts) {
    const auto refused =
        devices_that(facts, [](const VideoDeviceFacts& device) { return !device.permitted; });
    if (refused.empty()) {
        return {};
    }
    return {{Verdict::problem, "camera permissions",
             fmt::format("no permission to open {}", some_of(refused)),
             permission_advice(refused.front()->group, refused.front()->member)}};
}

bool is_part_of(const VideoDeviceFacts& device, const CameraFacts& camera) {
    return std::ranges::find(camera.devices, device.path) != camera.devices.end();
}

/// The memory that the camera needs, to be appended to what else is known about it.
std::string buffers_text(const CameraFacts& camera) {
    if (!camera.buffers) {
        return {};
    }
    const auto& [size, count, bytes] = *camera.buffers;
    return fmt::format("; by default it captures {} into {} buffers of {}, {} in all",
                       config::picture_size_text(size), count, config::bytes_text_rounded_up(bytes),
                       config::bytes_text_rounded_up(count * bytes));
}

Finding check_camera(const CameraFacts& camera, const MachineFacts& facts) {
    const std::string subject = "camera " + camera.name;
    if (!camera.makes_jpeg) {
        return {Verdict::ok,
                subject,
                "it makes raw pictures, which the processor encodes while somebody watches (tier "
                "\"encoded\")",
                {}};
    }
    const auto devices = devices_that(facts, [&](const VideoDeviceFacts& device) {
        return device.makes_jpeg && is_part_of(device, camera);
    });
    if (facts.io_uring.failure || devices.empty()) {
        return {Verdict::ok, subject, "it makes JPEG itself", {}};
    }
    const VideoDeviceFacts& device = *devices.front();
    if (device.in_use) {
        return {
            Verdict::note, subject,
            fmt::format("it makes JPEG itself; a program is using it ({}), so its memory can't be "
                        "tested",
                        device.path),
            "end that program, unless it is ringcast, whose /api/status shows the tier"};
    }
    if (device.registration_failure) {
        return {
            Verdict::note, subject,
            fmt::format("it makes JPEG itself; each frame is copied once (tier \"copied\"), "
                        "because its memory can't be registered: {}",
                        *device.registration_failure),
            "use Linux 6.12 or later, which registers USB cameras' memory if enough may be locked"};
    }
    return {
        Verdict::ok,
        subject,
        "it makes JPEG itself, and its memory can be registered: frames are sent from where its "
        "driver puts them (tier \"registered\")",
        {}};
}

/// Devices that capture pictures and are no camera to libcamera: parts of a board's image
/// processor, which is normal, or a camera that it can't use.
Findings check_other_devices(const MachineFacts& facts) {
    const auto others = devices_that(facts, [&](const VideoDeviceFacts& device) {
        return device.captures &&
               std::ranges::none_of(facts.camera_library.cameras, [&](const CameraFacts& camera) {
                   return is_part_of(device, camera);
               });
    });
    if (others.empty()) {
        return {};
    }
    std::string drivers;
    for (const VideoDeviceFacts* device : others) {
        if (drivers.find(device->driver) == std::string::npos) {
            drivers += (drivers.empty() ? "" : ", ") + device->driver;
        }
    }
    const bool usb = drivers.find("uvcvideo") != std::string::npos;
    return {{usb ? Verdict::note : Verdict::ok, "other video devices",
             fmt::format("{} ({}) {} not listed by libcamera{}", some_of(others), drivers,
                         others.size() == 1 ? "is" : "are",
                         usb ? "" : ", which is normal for parts of a board"),
             usb ? "let a program read it: the source `exec`, for example ffmpeg with -f v4l2"
                 : std::string()}};
}

Findings check_cameras(const MachineFacts& facts) {
    const CameraLibraryFacts& library = facts.camera_library;
    Findings findings = check_video_permissions(facts);
    for (const CameraFacts& camera : library.cameras) {
        Finding finding = check_camera(camera, facts);
        finding.meaning += buffers_text(camera);
        findings.push_back(std::move(finding));
    }
    if (library.failure) {
        // The failure contains the advice.
        findings.push_back({Verdict::note, "cameras", *library.failure, {}});
    } else if (findings.empty()) {
        findings.push_back(
            {Verdict::note, "cameras", library.library + " found no camera",
             "for a USB camera, check that `sudo dmesg | tail` reports it; for a Raspberry Pi "
             "camera, check that its cable is in, the right way round, and that "
             "/boot/firmware/config.txt has camera_auto_detect=1; in a container, pass in "
             "/dev/video*, /dev/media* and /run/udev"});
    }
    for (Finding& finding : check_other_devices(facts)) {
        findings.push_back(std::move(finding));
    }
    return findings;
}

/// The best heap on this machine for the memory of cameras.
Findings check_dma_heaps(const MachineFacts& facts) {
    for (const std::string_view name : capture::camera_heaps) {
        const auto heap =
            std::ranges::find(facts.dma_heaps, fmt::format("{}/{}", capture::dma_heap_folder, name),
                              &DmaHeapFacts::path);
        if (heap == facts.dma_heaps.end()) {
            continue;
        }
        const std::string subject = "camera memory";
        if (heap->permitted) {
            return {{Verdict::ok,
                     subject,
                     fmt::format("raw pictures are captured into {}, where the processor reads "
                                 "them fast",
                                 heap->path),
                     {}}};
        }
        // Without this one libcamera itself does not run the cameras of a Raspberry Pi.
        const bool needed = name == capture::camera_heaps.front();
        return {{needed ? Verdict::problem : Verdict::note, subject,
                 fmt::format(
                     "no permission to open {}: raw pictures are captured into the camera's "
                     "own memory, which the processor may read slowly{}",
                     heap->path,
                     needed ? ", and libcamera needs it for the cameras of a Raspberry Pi" : ""),
                 permission_advice(heap->group, heap->member)}};
    }
    return {};
}

double milliseconds_of(Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

Findings check_pictures(const MachineFacts& facts) {
    if (!facts.pictures) {
        return {};
    }
    constexpr int fps = 30;
    constexpr double milliseconds = 1000;
    const PictureCosts& costs = *facts.pictures;
    const double share = milliseconds_of(costs.half) * fps / milliseconds;
    const bool too_slow = share > 1;
    return {
        {too_slow ? Verdict::note : Verdict::ok, "smaller pictures",
         fmt::format("of a frame of {} ({} KB) one thread makes half in {:.1f} ms, a quarter in "
                     "{:.1f} ms, and turns it without loss in {:.1f} ms: half at {} frames/s "
                     "takes {:.0f} % of one processor while somebody watches",
                     config::picture_size_text(costs.size), costs.jpeg_bytes / 1000,
                     milliseconds_of(costs.half), milliseconds_of(costs.quarter),
                     milliseconds_of(costs.turned), fps, 100 * share),
         too_slow ? "for smaller pictures, add a rendition with a lower fps; see "
                    "docs/renditions.md"
                  : ""}};
}

/// Most delays that users report are those of their player.
Findings advise_on_players(const MachineFacts& /*facts*/) {
    return {{Verdict::ok, "players",
             "most buffer a live stream unless they are told not to: mpv --profile=low-latency "
             "--untimed, ffplay -fflags nobuffer -vf setpts=0, vlc --network-caching=0",
             ""}};
}

constexpr std::array checks{
    check_io_uring,   check_zero_copy, check_locked_memory, check_open_files,
    check_interfaces, check_cameras,   check_dma_heaps,     check_pictures,
    check_addresses,  check_proxy,     advise_on_players,
};

} // namespace

std::vector<Finding> examine(const MachineFacts& facts) {
    Findings all;
    for (const auto& check : checks) {
        for (Finding& finding : check(facts)) {
            all.push_back(std::move(finding));
        }
    }
    return all;
}

} // namespace ringcast::app
