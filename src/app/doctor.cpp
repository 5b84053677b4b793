#include "app/doctor.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "app/limits.hpp"
#include "sources/dma_heap.hpp"

namespace ringcast::app {

namespace {

using Findings = std::vector<Finding>;

/// What a Debian user has to do for a limit to be higher.
constexpr std::string_view memlock_advice =
    "LimitMEMLOCK={0}M in the unit (packaging/ringcast.service has one), or for a shell a line "
    "`USER - memlock {1}` in /etc/security/limits.d/ringcast.conf and a new login";

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
        // The explanation says what to do itself.
        return {{Verdict::problem, "io_uring", *found.failure, {}}};
    }
    return {{Verdict::ok, "io_uring", found.kernel + " has what ringcast needs", {}}};
}

Findings check_zero_copy(const MachineFacts& facts) {
    const IoUringFacts& found = facts.io_uring;
    if (found.failure) {
        return {};
    }
    if (found.zero_copy_failure) {
        return {{Verdict::note, "zero-copy sends",
                 "not here, so the kernel copies each frame for each viewer: " +
                     *found.zero_copy_failure,
                 "use Linux 6.2 or later; late releases of 6.1 have it too"}};
    }
    return {{Verdict::ok,
             "zero-copy sends",
             "the kernel has them, and reports when it copied after all",
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
        fmt::format("{} MiB are for the frames of {} stream{}", in_mib(needed), needs.stream_count,
                    needs.stream_count == 1 ? "" : "s");
    const bool enough = limits.may_lock_all || !limits.locked_hard || needed <= *limits.locked_hard;
    if (enough && !facts.io_uring.registration_failure) {
        return {{Verdict::ok, "locked memory", fmt::format("{}; {}", has, wants), {}}};
    }
    const std::string consequence =
        "what doesn't fit stays in plain memory, and all its sends copy (tier \"unregistered\")";
    if (enough) {
        return {{Verdict::note,
                 "locked memory",
                 fmt::format("{}; yet {}; {}", wants, *facts.io_uring.registration_failure,
                             consequence),
                 {}}};
    }
    // Room for a camera's own buffers as well: four of 4 MiB at 1080p.
    constexpr std::uint64_t camera_mib = 16;
    const std::uint64_t wanted_mib = in_mib(needed) + camera_mib * needs.stream_count;
    return {{Verdict::note, "locked memory", fmt::format("{}; {}; {}", has, wants, consequence),
             fmt::format(memlock_advice, wanted_mib, wanted_mib * 1024)}};
}

Findings check_open_files(const MachineFacts& facts) {
    const auto warning = open_files_warning(facts.limits.open_files_max, facts.needs.viewers_max,
                                            facts.needs.stream_count);
    if (warning) {
        return {{Verdict::problem, "open files", *warning, {}}};
    }
    return {{Verdict::ok,
             "open files",
             fmt::format("{} are allowed, enough for {} viewers", facts.limits.open_files_max,
                         facts.needs.viewers_max),
             {}}};
}

// --- network ---

/// What a link carries at all, whatever the sends cost.
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
        return {Verdict::note, subject,
                fmt::format("not a card but the kernel's own ({}), where it copies each frame; "
                            "ringcast notices and uses plain sends{}",
                            interface.driver, capacity(interface)),
                "in a container: the host's network (--network host) saves that copy"};
    }
    if (!interface.scatter_gather.has_value()) {
        return {Verdict::note,
                subject,
                "it does not say whether it has scatter-gather; zero-copy sends help only with it" +
                    capacity(interface),
                {}};
    }
    if (*interface.scatter_gather) {
        return {Verdict::ok,
                subject,
                fmt::format("{}has scatter-gather: zero-copy sends help, frames are fetched from "
                            "where they lie{}",
                            interface.wireless ? "Wi-Fi that " : "", capacity(interface)),
                {}};
    }
    const std::string meaning =
        "no scatter-gather: the kernel puts each packet together by copying, and yet reports most "
        "sends as zero-copy" +
        capacity(interface);
    if (interface.wireless) {
        return {Verdict::note, subject, "Wi-Fi, " + meaning,
                "a cable, where the processor is short; viewers see no difference"};
    }
    return {Verdict::note, subject, meaning,
            fmt::format("`sudo ethtool -K {} sg on`, where the card can", interface.name)};
}

Findings check_interfaces(const MachineFacts& facts) {
    Findings findings;
    for (const InterfaceFacts& interface : facts.interfaces) {
        findings.push_back(check_interface(interface));
    }
    return findings;
}

// --- cameras ---

/// What opens a device file to this user.
std::string permission_advice(const std::string& group, bool member) {
    if (group.empty() || group == "root") {
        return "the file is root's alone: a udev rule (GROUP=\"video\", MODE=\"0660\") opens it";
    }
    if (member) {
        return fmt::format("log out and in again: this user is in group {}, and this session is "
                           "from before that",
                           group);
    }
    return fmt::format("`sudo usermod -aG {} $USER`, then log out and in again", group);
}

Finding check_open_camera(const VideoDeviceFacts& camera, const IoUringFacts& io_uring) {
    const std::string subject = fmt::format("camera {}", camera.path);
    if (!camera.makes_jpeg) {
        return {Verdict::ok,
                subject,
                camera.name + " gives raw pictures, and the processor makes JPEG of them",
                {}};
    }
    if (io_uring.failure) {
        return {Verdict::ok, subject, camera.name + " makes JPEG itself", {}};
    }
    if (camera.in_use) {
        return {Verdict::note, subject,
                camera.name + " makes JPEG itself, and another program uses it",
                "end that program, if it is not ringcast"};
    }
    if (camera.registration_failure) {
        return {Verdict::note, subject,
                fmt::format("{} makes JPEG itself; each frame is copied once (tier \"copied\"), "
                            "because its memory can't be registered: {}",
                            camera.name, *camera.registration_failure),
                "Linux 6.12 or later takes USB cameras' memory, where enough may be locked"};
    }
    return {Verdict::ok,
            subject,
            camera.name + " makes JPEG itself, and its memory can be registered: frames leave from "
                          "where its driver puts them (tier \"registered\")",
            {}};
}

Findings check_cameras(const MachineFacts& facts) {
    Findings findings;
    for (const VideoDeviceFacts& device : facts.video_devices) {
        if (!device.permitted) {
            findings.push_back({Verdict::problem, fmt::format("camera {}", device.path),
                                fmt::format("no permission to open {}", device.name),
                                permission_advice(device.group, device.member)});
        } else if (device.opened && device.captures) {
            findings.push_back(check_open_camera(device, facts.io_uring));
        }
    }
    if (findings.empty()) {
        findings.push_back({Verdict::note, "cameras", "this machine has none, as far as one sees",
                            "if one is plugged in: `sudo dmesg | tail`; in a container: pass "
                            "/dev/video* on"});
    }
    return findings;
}

/// Of the heaps that cameras are given memory of, the best that this machine has.
Findings check_dma_heaps(const MachineFacts& facts) {
    for (const std::string_view name : sources::camera_heaps) {
        const auto heap =
            std::ranges::find(facts.dma_heaps, fmt::format("{}/{}", sources::dma_heap_folder, name),
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
        const bool needed = name == sources::camera_heaps.front();
        return {{needed ? Verdict::problem : Verdict::note, subject,
                 fmt::format("no permission to open {}: raw pictures are captured into memory of "
                             "the camera's own, which the processor may read slowly{}",
                             heap->path,
                             needed ? ", and libcamera needs it for the cameras of a Raspberry Pi"
                                    : ""),
                 permission_advice(heap->group, heap->member)}};
    }
    return {};
}

// --- addresses ---

Findings check_addresses(const MachineFacts& facts) {
    Findings findings;
    for (const AddressFacts& address : facts.addresses) {
        const std::string subject = "listening on " + address.address;
        if (!address.failure) {
            findings.push_back({Verdict::ok, subject, "the address is free", {}});
        } else if (address.held_by_ringcast) {
            findings.push_back({Verdict::ok, subject, "ringcast listens there already", {}});
        } else {
            findings.push_back({Verdict::problem, subject, *address.failure, {}});
        }
    }
    return findings;
}

constexpr std::array checks{
    check_io_uring,   check_zero_copy, check_locked_memory, check_open_files,
    check_interfaces, check_cameras,   check_dma_heaps,     check_addresses,
};

std::string_view word(Verdict verdict) {
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::note:
        return "note";
    case Verdict::problem:
        return "problem";
    }
    return "";
}

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

std::string report(std::span<const Finding> findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text +=
            fmt::format("{:<8} {}: {}\n", word(finding.verdict), finding.subject, finding.meaning);
        if (!finding.advice.empty()) {
            text += fmt::format("{:<8} to do: {}\n", "", finding.advice);
        }
    }
    const auto count = [&](Verdict verdict) {
        return std::ranges::count(findings, verdict, &Finding::verdict);
    };
    return text + fmt::format("{} ok, {} to note, {} to mend\n", count(Verdict::ok),
                              count(Verdict::note), count(Verdict::problem));
}

bool has_problem(std::span<const Finding> findings) {
    return std::ranges::find(findings, Verdict::problem, &Finding::verdict) != findings.end();
}

} // namespace ringcast::app
