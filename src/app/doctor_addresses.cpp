#include "app/doctor_addresses.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace ringcast::app {

std::vector<Finding> check_addresses(const MachineFacts& facts) {
    std::vector<Finding> findings;
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
    if (!facts.addresses.empty() && std::ranges::all_of(facts.addresses, &AddressFacts::loopback)) {
        findings.push_back({Verdict::note, "who can watch",
                            "only programs on this machine can reach the addresses above",
                            "for your network set listen = [\":8080\"] in [http] of the "
                            "configuration (of the service: /etc/ringcast/ringcast.toml, then "
                            "`sudo systemctl reload ringcast`); anybody on it can watch then, "
                            "unless [access] asks for passwords"});
    }
    return findings;
}

/// Of the kernel's buffers for the connections of a proxy. ringcast limits those of its own.
std::vector<Finding> check_proxy(const MachineFacts& facts) {
    constexpr std::uint64_t unsent_bytes_good = 131'072;
    if (!facts.needs.proxy || !facts.unsent_bytes_max) {
        return {};
    }
    const std::string subject = "slow viewers behind a proxy";
    if (*facts.unsent_bytes_max <= unsent_bytes_good) {
        return {{Verdict::ok,
                 subject,
                 fmt::format("a proxy on this machine keeps at most {} unsent bytes for each of "
                             "them (net.ipv4.tcp_notsent_lowat)",
                             *facts.unsent_bytes_max),
                 {}}};
    }
    return {{Verdict::note, subject,
             "if the proxy runs on this machine, the kernel may keep megabytes for each of them, "
             "seconds of frames that ringcast can't replace by newer ones "
             "(net.ipv4.tcp_notsent_lowat is not set)",
             "`echo net.ipv4.tcp_notsent_lowat=32768 | sudo tee "
             "/etc/sysctl.d/50-ringcast-proxy.conf && sudo sysctl --system`; check the result by "
             "`ringcast doctor --through URL`"}};
}

} // namespace ringcast::app
