#include "app/doctor.hpp"

#include <algorithm>
#include <initializer_list>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <unistd.h>

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

constexpr std::uint64_t mib = 1024UL * 1024UL;

/// A machine on which every check is ok.
MachineFacts good_machine() {
    MachineFacts facts;
    facts.needs = {{.viewers_max = 4096}, 1, 40 * mib};
    facts.io_uring.kernel = "Linux 6.12.48-amd64";
    facts.limits.open_files_max = 524'288;
    InterfaceFacts loopback;
    loopback.name = "lo";
    loopback.loopback = true;
    InterfaceFacts card;
    card.name = "eth0";
    card.driver = "e1000e";
    card.mtu = 1500;
    card.speed = 1000;
    card.scatter_gather = true;
    facts.interfaces = {loopback, card};
    VideoDeviceFacts camera;
    camera.path = "/dev/video0";
    camera.group = "video";
    camera.captures = true;
    camera.makes_jpeg = true;
    VideoDeviceFacts metadata = camera;
    metadata.path = "/dev/video1";
    metadata.captures = false;
    facts.video_devices = {camera, metadata};
    facts.camera_library.library = "libcamera 0.5.2";
    facts.camera_library.cameras = {{"USB Camera", {"/dev/video0", "/dev/video1"}, true}};
    facts.addresses = {{"127.0.0.1:8080", std::nullopt, false}};
    return facts;
}

/// A Raspberry Pi 5 with its own camera, as its kernel shows it: 8 receivers, 2 image processors of
/// 14 device files each, a decoder.
MachineFacts raspberry_pi_5() {
    MachineFacts facts = good_machine();
    facts.video_devices.clear();
    CameraFacts camera{"imx708", {"/dev/media0"}, false};
    for (int i = 0; i < 37; ++i) {
        VideoDeviceFacts& device = facts.video_devices.emplace_back();
        device.path = "/dev/video" + std::to_string(i);
        device.group = "video";
        device.captures = i < 36;
        device.driver = i < 8 ? "rp1-cfe" : "pispbe";
        if (i < 22) { // libcamera takes one of the image processors for one camera
            camera.devices.push_back(device.path);
        }
    }
    facts.camera_library.cameras = {camera};
    return facts;
}

/// The only finding whose subject begins with this text.
Finding finding_of(const MachineFacts& facts, std::string_view subject) {
    const std::vector<Finding> findings = examine(facts);
    const auto about = [&](const Finding& finding) { return finding.subject.starts_with(subject); };
    INFO(subject);
    REQUIRE(std::ranges::count_if(findings, about) == 1);
    return *std::ranges::find_if(findings, about);
}

} // namespace

TEST_CASE("on a good machine every check is ok and nothing has to be done") {
    const std::vector<Finding> findings = examine(good_machine());
    for (const Finding& finding : findings) {
        INFO(finding.subject << ": " << finding.meaning);
        CHECK(finding.verdict == Verdict::ok);
        CHECK(finding.advice.empty());
        CHECK_FALSE(finding.meaning.empty());
    }
    CHECK_FALSE(has_problem(findings));
    // The second device file of a camera, for metadata, is not reported.
    CHECK(findings.size() == 9);
    CHECK_THAT(finding_of(good_machine(), "players").meaning,
               ContainsSubstring("mpv --profile=low-latency --untimed"));
}

TEST_CASE("a failure of io_uring is reported once, and checks that depend on it are left out") {
    MachineFacts facts = good_machine();
    facts.io_uring.failure = "io_uring is blocked, most likely by a container's seccomp profile";
    const std::vector<Finding> findings = examine(facts);
    CHECK(finding_of(facts, "io_uring").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "io_uring").meaning,
               ContainsSubstring("seccomp") && ContainsSubstring("serves with epoll"));
    CHECK(std::ranges::find(findings, "zero-copy sends", &Finding::subject) == findings.end());
    CHECK_FALSE(has_problem(findings));
    facts.needs.engine = config::EngineChoice::io_uring;
    CHECK(finding_of(facts, "io_uring").verdict == Verdict::problem);
    CHECK_THAT(finding_of(facts, "io_uring").meaning, ContainsSubstring("does not start"));
}

TEST_CASE("an engine on epoll that the configuration asks for is a note") {
    MachineFacts facts = good_machine();
    facts.needs.engine = config::EngineChoice::epoll;
    CHECK(finding_of(facts, "io_uring").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "io_uring").meaning, ContainsSubstring("asks for epoll"));
    const std::vector<Finding> findings = examine(facts);
    CHECK(std::ranges::find(findings, "zero-copy sends", &Finding::subject) == findings.end());
}

TEST_CASE("a kernel without zero-copy reports is a note, because frames are copied") {
    MachineFacts facts = good_machine();
    facts.io_uring.zero_copy_failure = "the kernel refuses them";
    const Finding finding = finding_of(facts, "zero-copy sends");
    CHECK(finding.verdict == Verdict::note);
    CHECK_THAT(finding.meaning, ContainsSubstring("the kernel refuses them"));
    CHECK_THAT(finding.advice, ContainsSubstring("6.2"));
    CHECK_FALSE(has_problem(examine(facts)));
}

TEST_CASE("too little locked memory is reported with the amount for the frames and a camera") {
    MachineFacts facts = good_machine();
    facts.limits.locked_soft = 4 * mib;
    facts.limits.locked_hard = 8 * mib;
    facts.needs.stream_count = 2;
    facts.io_uring.registration_failure = "can't register 40 MiB";
    const Finding finding = finding_of(facts, "locked memory");
    CHECK(finding.verdict == Verdict::note);
    CHECK_THAT(finding.meaning, ContainsSubstring("may lock 8 MiB (soft limit 4 MiB"));
    CHECK_THAT(finding.meaning, ContainsSubstring("the frames of 2 streams take 80 MiB"));
    CHECK_THAT(finding.meaning, ContainsSubstring("unregistered"));
    CHECK_THAT(finding.advice, ContainsSubstring("LimitMEMLOCK=112M"));
    CHECK_THAT(finding.advice, ContainsSubstring("memlock 114688"));
    CHECK_THAT(finding.advice, ContainsSubstring("--ulimit memlock=-1"));
}

TEST_CASE("locked memory suffices by limit or by privilege, and is tested in both cases") {
    MachineFacts facts = good_machine();
    facts.limits.locked_soft = 8 * mib;
    facts.limits.locked_hard = 40 * mib;
    CHECK(finding_of(facts, "locked memory").verdict == Verdict::ok);
    facts.limits.locked_hard = 40 * mib - 1;
    CHECK(finding_of(facts, "locked memory").verdict == Verdict::note);
    facts.limits.may_lock_all = true;
    CHECK(finding_of(facts, "locked memory").verdict == Verdict::ok);
    CHECK_THAT(finding_of(facts, "locked memory").meaning, ContainsSubstring("CAP_IPC_LOCK"));
    facts.io_uring.registration_failure = "can't register 40 MiB: not enough memory";
    CHECK(finding_of(facts, "locked memory").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "locked memory").meaning, ContainsSubstring("not enough memory"));
}

TEST_CASE("too few open files for the configured viewers are a problem") {
    MachineFacts facts = good_machine();
    facts.limits.open_files_max = 1024;
    const Finding finding = finding_of(facts, "open files");
    CHECK(finding.verdict == Verdict::problem);
    CHECK_THAT(finding.meaning, ContainsSubstring("LimitNOFILE="));
}

TEST_CASE("each interface is reported with whether zero-copy sends help there") {
    MachineFacts facts = good_machine();
    CHECK_THAT(finding_of(facts, "network eth0").meaning,
               ContainsSubstring("1000 Mbit/s: full at about 20 viewers"));
    CHECK_THAT(finding_of(facts, "network eth0").meaning, ContainsSubstring("MTU 1500"));
    InterfaceFacts& card = facts.interfaces[1];

    card.scatter_gather = false;
    CHECK(finding_of(facts, "network eth0").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "network eth0").advice,
               ContainsSubstring("ethtool -K eth0 sg on"));

    card.wireless = true;
    card.speed.reset();
    CHECK_THAT(finding_of(facts, "network eth0").meaning, StartsWith("Wi-Fi, no scatter-gather"));
    CHECK_THAT(finding_of(facts, "network eth0").advice, ContainsSubstring("cable"));
    card.scatter_gather = true;
    CHECK(finding_of(facts, "network eth0").verdict == Verdict::ok);

    card.scatter_gather.reset();
    CHECK(finding_of(facts, "network eth0").verdict == Verdict::note);

    card.scatter_gather = true;
    card.driver = "veth";
    CHECK(finding_of(facts, "network eth0").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "network eth0").meaning, ContainsSubstring("copies each frame"));
}

TEST_CASE("devices without permission are one problem, with the command that fixes it") {
    MachineFacts facts = raspberry_pi_5();
    facts.camera_library.cameras.clear();
    for (VideoDeviceFacts& device : facts.video_devices) {
        device.captures = false;
        device.permitted = false;
    }
    const Finding finding = finding_of(facts, "camera");
    CHECK(finding.verdict == Verdict::problem);
    CHECK(finding.meaning == "no permission to open /dev/video0, /dev/video1 and 35 more");
    CHECK_THAT(finding.advice, ContainsSubstring("`sudo usermod -aG video $USER`"));
    facts.video_devices[0].member = true;
    CHECK_THAT(finding_of(facts, "camera").advice, StartsWith("log out and in again"));
    facts.video_devices[0].member = false;
    facts.video_devices[0].group = "root";
    CHECK_THAT(finding_of(facts, "camera").advice, ContainsSubstring("udev"));
}

TEST_CASE("the forty video devices of a Raspberry Pi are two findings") {
    const MachineFacts facts = raspberry_pi_5();
    CHECK(finding_of(facts, "camera imx708").verdict == Verdict::ok);
    CHECK_THAT(finding_of(facts, "camera imx708").meaning, ContainsSubstring("tier \"encoded\""));
    const Finding others = finding_of(facts, "other video devices");
    CHECK(others.verdict == Verdict::ok);
    CHECK(others.advice.empty());
    CHECK_THAT(others.meaning, StartsWith("/dev/video22, /dev/video23 and 12 more (pispbe)"));
    // One more than with a USB camera.
    CHECK(examine(facts).size() == examine(good_machine()).size() + 1);
}

TEST_CASE("a USB camera that libcamera doesn't list is reported, with another way to read it") {
    MachineFacts facts = good_machine();
    facts.video_devices[0].driver = "uvcvideo";
    facts.camera_library.cameras.clear();
    CHECK(finding_of(facts, "cameras").verdict == Verdict::note);
    CHECK(finding_of(facts, "other video devices").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "other video devices").advice, ContainsSubstring("`exec`"));
}

TEST_CASE("without a camera, or without libcamera, the advice says what to check") {
    MachineFacts facts = good_machine();
    facts.video_devices.clear();
    facts.camera_library.cameras.clear();
    CHECK(finding_of(facts, "cameras").verdict == Verdict::note);
    CHECK(finding_of(facts, "cameras").meaning == "libcamera 0.5.2 found no camera");
    CHECK_THAT(finding_of(facts, "cameras").advice, ContainsSubstring("camera_auto_detect=1"));
    CHECK_FALSE(has_problem(examine(facts)));
    facts.camera_library.failure = "this ringcast was built without libcamera";
    CHECK_THAT(finding_of(facts, "cameras").meaning, ContainsSubstring("without libcamera"));
}

TEST_CASE("a camera that makes JPEG is reported with its tier, and the reason for no better one") {
    MachineFacts facts = good_machine();
    VideoDeviceFacts& device = facts.video_devices[0];
    CHECK_THAT(finding_of(facts, "camera").meaning, ContainsSubstring("tier \"registered\""));
    device.registration_failure = "this kind of memory can't be pinned by Linux 6.1";
    CHECK(finding_of(facts, "camera").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "camera").meaning, ContainsSubstring("tier \"copied\""));
    CHECK_THAT(finding_of(facts, "camera").meaning, ContainsSubstring("Linux 6.1"));
    CHECK_THAT(finding_of(facts, "camera").advice, ContainsSubstring("6.12"));
    device.in_use = true;
    CHECK(finding_of(facts, "camera").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "camera").meaning, ContainsSubstring("a program is using it"));
    facts.io_uring.failure = "io_uring is off";
    CHECK_THAT(finding_of(facts, "camera").meaning, !ContainsSubstring("tier"));
}

TEST_CASE("the memory of a camera's buffers is reported if it is known") {
    MachineFacts facts = raspberry_pi_5();
    CHECK_THAT(finding_of(facts, "camera imx708").meaning, !ContainsSubstring("buffers"));
    facts.camera_library.cameras[0].buffers = {{1280, 720}, 6, 1280 * 720 * 3 / 2};
    CHECK_THAT(finding_of(facts, "camera imx708").meaning,
               ContainsSubstring("tier \"encoded\"); by default it captures 1280x720 into 6 "
                                 "buffers of 1.4 MiB, 8 MiB in all"));
    facts = good_machine();
    facts.camera_library.cameras[0].buffers = {{1280, 720}, 4, 2UL * 1024 * 1024};
    CHECK_THAT(finding_of(facts, "camera").meaning,
               ContainsSubstring("into 4 buffers of 2 MiB, 8 MiB in all"));
}

TEST_CASE("the memory for a camera's raw pictures is reported on machines with dma-heaps") {
    MachineFacts facts = good_machine();
    facts.dma_heaps = {{"/dev/dma_heap/linux,cma", "root", false, false},
                       {"/dev/dma_heap/system", "root", false, false},
                       {"/dev/dma_heap/vidbuf_cached", "video", true, false}};
    CHECK(finding_of(facts, "camera memory").verdict == Verdict::ok);
    CHECK_THAT(finding_of(facts, "camera memory").meaning, ContainsSubstring("vidbuf_cached"));
    facts.dma_heaps[2].permitted = false;
    CHECK(finding_of(facts, "camera memory").verdict == Verdict::problem);
    CHECK_THAT(finding_of(facts, "camera memory").advice, ContainsSubstring("usermod -aG video"));
    facts.dma_heaps[2].member = true;
    CHECK_THAT(finding_of(facts, "camera memory").advice, StartsWith("log out and in again"));
    // This only makes pictures slower to read.
    facts.dma_heaps.pop_back();
    CHECK(finding_of(facts, "camera memory").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "camera memory").meaning, ContainsSubstring("linux,cma"));
    facts.dma_heaps.erase(facts.dma_heaps.begin());
    CHECK(std::ranges::none_of(
        examine(facts), [](const Finding& finding) { return finding.subject == "camera memory"; }));
}

TEST_CASE("the costs of smaller pictures are reported, with advice on a slow machine") {
    MachineFacts facts = good_machine();
    facts.pictures = PictureCosts{{1280, 720},
                                  228'400,
                                  std::chrono::microseconds(3840),
                                  std::chrono::microseconds(3100),
                                  std::chrono::microseconds(12'500)};
    const Finding fast = finding_of(facts, "smaller pictures");
    CHECK(fast.verdict == Verdict::ok);
    CHECK(fast.meaning == "of a frame of 1280x720 (228 KB) one thread makes half in 3.8 ms, a "
                          "quarter in 3.1 ms, and turns it without loss in 12.5 ms: half at 30 "
                          "frames/s takes 12 % of one processor while somebody watches");
    CHECK(fast.advice.empty());
    facts.pictures->half = std::chrono::milliseconds(40);
    const Finding slow = finding_of(facts, "smaller pictures");
    CHECK(slow.verdict == Verdict::note);
    CHECK_THAT(slow.meaning, ContainsSubstring("takes 120 % of one processor"));
    CHECK_THAT(slow.advice, ContainsSubstring("a rendition with a lower fps"));
}

TEST_CASE("an address that can't be listened on is a problem, unless ringcast listens there") {
    MachineFacts facts = good_machine();
    facts.addresses[0].failure = "the port is taken by nginx (process 7)";
    CHECK(finding_of(facts, "listening").verdict == Verdict::problem);
    CHECK_THAT(finding_of(facts, "listening").meaning, ContainsSubstring("nginx"));
    facts.addresses[0].held_by_ringcast = true;
    CHECK(finding_of(facts, "listening").verdict == Verdict::ok);
}

TEST_CASE("where only this machine can reach the addresses, the line that opens them is named") {
    MachineFacts facts = good_machine();
    const auto about_watching = [](const Finding& finding) {
        return finding.subject == "who can watch";
    };
    CHECK(std::ranges::none_of(examine(facts), about_watching));
    facts.addresses[0].loopback = true;
    CHECK(finding_of(facts, "who can watch").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "who can watch").advice,
               ContainsSubstring("listen = [\":8080\"]"));
    facts.addresses.push_back({"unix:/run/ringcast/http.sock", std::nullopt, false});
    CHECK(std::ranges::none_of(examine(facts), about_watching));
}

TEST_CASE("where a proxy is expected, the kernel's limit of unsent bytes is checked") {
    MachineFacts facts = good_machine();
    facts.unsent_bytes_max = 4'294'967'295;
    const auto about_proxies = [](const Finding& finding) {
        return finding.subject == "slow viewers behind a proxy";
    };
    CHECK(std::ranges::none_of(examine(facts), about_proxies));
    facts.needs.proxy = true;
    CHECK(finding_of(facts, "slow viewers").verdict == Verdict::note);
    CHECK_THAT(finding_of(facts, "slow viewers").advice,
               ContainsSubstring("net.ipv4.tcp_notsent_lowat=32768"));
    facts.unsent_bytes_max = 32'768;
    CHECK(finding_of(facts, "slow viewers").verdict == Verdict::ok);
    facts.unsent_bytes_max.reset();
    CHECK(std::ranges::none_of(examine(facts), about_proxies));
}
