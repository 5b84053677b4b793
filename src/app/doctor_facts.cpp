#include "app/doctor_facts.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "app/doctor_cameras.hpp"
#include "app/limits.hpp"
#include "app/listeners.hpp"
#include "app/port_owner.hpp"
#include "base/unique_fd.hpp"
#include "config/describe.hpp"
#include "config/listen_address.hpp"
#include "os/mapped_memory.hpp"
#include "uring/setup_failure.hpp"
#include "uring/uring_engine.hpp"
#include "uring/zero_copy_probe.hpp"

namespace ringcast::app {

namespace {

namespace fs = std::filesystem;

/// A machine that runs containers has many; more are ignored.
constexpr std::size_t interfaces_max = 256;

std::string first_line(const fs::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<unsigned> number_in(const fs::path& path) {
    const std::string text = first_line(path);
    unsigned value = 0; // an unknown speed reads "-1", which does not parse
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

template <std::size_t size>
std::string text_of(const char (&field)[size]) { // NOLINT(modernize-avoid-c-arrays): the kernel's
    return {field, strnlen(field, size)};
}

// --- io_uring and limits ---

/// Null when no engine can be created; then the facts that need one are left out.
std::unique_ptr<uring::UringEngine> look_at_io_uring(IoUringFacts& facts) {
    facts.kernel = uring::kernel_release();
    auto engine = uring::UringEngine::create({});
    if (!engine) {
        facts.failure = engine.error().message;
        return nullptr;
    }
    if (const auto tried = uring::try_zero_copy(); !tried) {
        facts.zero_copy_failure = tried.error().message;
    }
    return std::move(*engine);
}

/// Registers memory in the way of a stream's frames.
std::optional<std::string> registration_failure(io::Engine& engine, std::size_t bytes) {
    const auto memory = os::MappedMemory::create(bytes);
    if (!memory) {
        return memory.error().message;
    }
    const auto registered = engine.register_buffer(memory->bytes(), {});
    return registered ? std::nullopt : std::optional(registered.error().message);
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

/// Raises the limits as ringcast does at start, so that later tests have the same result.
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

/// True when viewers can reach the address. Link-local ones don't count: every interface has them.
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
    for (const ifaddrs* entry = found; entry != nullptr && interfaces.size() < interfaces_max;
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

// --- addresses ---

std::vector<AddressFacts> look_at_addresses(const config::Config& config) {
    std::vector<AddressFacts> addresses;
    for (const config::ListenConfig& listen : config.http.listen) {
        if (std::holds_alternative<config::ListenPassed>(listen.address)) {
            continue; // the service manager listens there
        }
        AddressFacts& facts = addresses.emplace_back();
        facts.address = config::listen_address_text(listen.address);
        facts.loopback = std::holds_alternative<config::ListenTcp>(listen.address) &&
                         config::is_local(listen.address);
        const auto opened = open_listeners(std::span(&listen, 1), config.viewers.stall_timeout);
        if (opened) {
            continue;
        }
        facts.failure = opened.error().message;
        const auto* tcp = std::get_if<config::ListenTcp>(&listen.address);
        const auto owner =
            tcp != nullptr ? find_port_owner(tcp->port)
                           : find_socket_owner(std::get<config::ListenUnix>(listen.address).path);
        facts.held_by_ringcast = owner && owner->program == "ringcast";
    }
    return addresses;
}

bool expects_proxy(const config::Config& config) {
    return !config.access.trusted_proxies.empty() ||
           std::ranges::any_of(config.http.listen, [](const config::ListenConfig& listen) {
               return listen.proxy_protocol ||
                      std::holds_alternative<config::ListenUnix>(listen.address);
           });
}

} // namespace

MachineFacts look_at_machine(const config::Config& config) {
    MachineFacts facts;
    facts.needs.open_files = open_file_needs(config);
    facts.needs.stream_count = std::max<std::size_t>(config.streams.size(), 1);
    facts.needs.stream_bytes = config::stream_memory_bytes(config.memory);
    facts.needs.engine = config.server.engine;
    facts.needs.proxy = expects_proxy(config);
    facts.limits = look_at_limits();
    const std::unique_ptr<uring::UringEngine> engine = look_at_io_uring(facts.io_uring);
    facts.interfaces = look_at_interfaces();
    // Before the frames' memory is registered: the kernel may uncharge that some time later.
    facts.video_devices = look_at_video_devices(engine.get());
    facts.camera_library = look_at_cameras();
    facts.dma_heaps = look_at_dma_heaps();
    if (engine != nullptr) {
        facts.io_uring.registration_failure =
            registration_failure(*engine, facts.needs.stream_bytes);
    }
    facts.addresses = look_at_addresses(config);
    constexpr Duration picture_time = std::chrono::milliseconds(200); // for each of three kinds
    facts.pictures = measure_picture_costs(picture_time);
    facts.unsent_bytes_max = number_in("/proc/sys/net/ipv4/tcp_notsent_lowat");
    return facts;
}

} // namespace ringcast::app
