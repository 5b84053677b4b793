#pragma once
// Settings of the relay. The reason for each bound is in docs/architecture.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access/rules.hpp"
#include "base/time.hpp"
#include "connection/context.hpp"
#include "http/ip_address.hpp"
#include "http/multipart.hpp"
#include "stream/settings.hpp"

namespace ringcast::relay {

/// What is particular to one listener.
struct ListenerSettings {
    bool proxy_protocol = false; ///< its connections begin with a PROXY header
    bool open = false;           ///< everybody may watch, also where others need a password
};

/// Who may watch.
struct AccessSettings {
    access::Rules rules;
    access::Digest key{}; ///< random, and the same for as long as the process runs
};

/// What can be changed while the relay runs.
struct ServingSettings {
    std::vector<std::string> cors_origins;
    /// Names of this server beyond those that api::HostNames knows; for requests over TCP.
    std::vector<std::string> hosts;
    /// Where a proxy publishes this server, as in "/cam"; empty: the root.
    std::string base_path;
    /// Proxies that are believed when they name their clients.
    http::AddressSet trusted_proxies;
    /// Places are allocated for as many as in the beginning; later there may be fewer, but not more.
    std::uint32_t viewers_max = 4096;
    std::uint32_t viewers_per_address_max = 0; ///< 0: no limit; never for peers on this host
    connection::ConnectionSettings connection;
};

// Limits: plain data, which tests and the application set one by one.
struct RelaySettings : ServingSettings {
    RelaySettings(const http::Boundary& process_boundary, std::string process_instance)
        : boundary(process_boundary), instance(std::move(process_instance)) {}

    http::Boundary boundary;
    /// Id of this process in chains of servers (http/via.hpp): 16 lower-case hexadecimal digits.
    std::string instance;
    std::string version;
    std::string engine; ///< what the relay runs on, for status: "io_uring" or "epoll"
    /// Nothing: everybody may watch, and nobody administrates.
    std::optional<AccessSettings> access;
    /// By index of the listener; those beyond have the defaults.
    std::vector<ListenerSettings> listeners;
    /// Connections beyond the viewers, so that status, metrics and health always answer.
    std::uint32_t connections_extra = 64;
    /// How many of its requests an address may keep while all places are taken and others have
    /// fewer: two browsers with six connections each, and some more.
    std::uint32_t requests_per_address = 16;
    /// Accepts under way, and connections that are ending: entries of the table beyond the two
    /// numbers above.
    std::uint32_t accepts_max = 64;
    /// Streams at a time; more when the relay begins with more.
    std::uint32_t streams_max = 256;
    stream::StreamSettings stream;
    /// Time-outs of connections are looked at this often; all of them are seconds.
    Duration sweep_interval = std::chrono::milliseconds(250);
    /// A snapshot is answered within this time: moonraker-timelapse gives up after 2 s.
    Duration snapshot_wait = std::chrono::milliseconds(1500);
    /// How long a request waits while its password is verified, and those before it.
    Duration login_wait = std::chrono::seconds(10);
    /// How long a request waits for the camera to take new values of its controls. USB cameras are
    /// given 5 s for each by the kernel.
    Duration controls_wait = std::chrono::seconds(10);
    /// Status, metrics and the page are rendered once for all requests within this time.
    Duration report_shared_for = std::chrono::milliseconds(250);
    /// How long a request waits for a report while others are rendered.
    Duration report_wait = std::chrono::seconds(2);
    /// Memory of the reports that are being sent. A status of some streams and 100 viewers has
    /// 50 KiB, so that this is reached only when many are asked for and not read.
    std::size_t report_bytes_max = 8UL * 1024UL * 1024UL;
    /// Re-arming accept at once when descriptors have run out would spin.
    Duration accept_pause = std::chrono::milliseconds(100);
    /// How long the part in flight may take at shutdown.
    Duration shutdown_grace = std::chrono::seconds(2);

    [[nodiscard]] ListenerSettings listener(std::uint32_t index) const noexcept {
        return index < listeners.size() ? listeners[index] : ListenerSettings{};
    }
};

} // namespace ringcast::relay
