#include "sim/client_proxies.hpp"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace ringcast::sim {

namespace {

/// Few, so that some clients have one address.
std::string some_client(Decisions& decisions) {
    return fmt::format("203.0.113.{}", 1 + decisions.below(8));
}

std::string some_trusted(Decisions& decisions) {
    return fmt::format("198.51.100.{}", 1 + decisions.below(8));
}

/// Adds a header to each request that begins like one.
void add_header(ClientPlan& plan, std::string_view header) {
    for (ClientRequest& request : plan.requests) {
        if (const std::size_t line_end = request.text.find("\r\n");
            request.text.starts_with("GET")) {
            request.text.insert(line_end + 2, fmt::format("{}\r\n", header));
        }
    }
}

/// Version 2, with 12 bytes of addresses: 203.0.113.N, port 4711.
std::string binary_header(std::uint8_t last_octet, bool proxied) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += proxied ? '\x21' : '\x20';
    header.append("\x11\0\x0C\xCB\0\x71", 6);
    header += static_cast<char>(last_octet);
    header.append("\xC0\0\x02\x01\x12\x67\x01\xBB", 8);
    return header;
}

/// A header that names the client or, where it must be taken for the peer, nobody.
void add_good_header(Decisions& decisions, ClientPlan& plan) {
    const auto octet = static_cast<std::uint8_t>(1 + decisions.below(8));
    const bool names = !decisions.once_in(4);
    if (decisions.once_in(2)) {
        plan.proxy_header = binary_header(octet, names);
    } else if (names) {
        plan.proxy_header = fmt::format("PROXY TCP4 203.0.113.{} 192.0.2.1 4711 443\r\n", octet);
    } else {
        plan.proxy_header = "PROXY UNKNOWN\r\n";
    }
    if (names) {
        plan.link.client = fmt::format("203.0.113.{}:4711", octet);
    }
    if (decisions.once_in(3)) { // the address in the header is not trusted
        add_header(plan, "X-Forwarded-For: 203.0.113.99");
    }
}

/// A proxy that is trusted and is itself behind one with PROXY headers.
void add_chain(Decisions& decisions, ClientPlan& plan) {
    plan.proxy_header =
        fmt::format("PROXY TCP4 {} 192.0.2.1 4711 443\r\n", some_trusted(decisions));
    plan.link.client = some_client(decisions);
    plan.proxy_fault = FaultKind::forwarded_behind_header;
    add_header(plan, fmt::format("Forwarded: for=203.0.113.99, for={}", plan.link.client));
}

void add_bad_header(Decisions& decisions, ClientPlan& plan) {
    constexpr std::array<std::string_view, 3> malformed{"PROXY TCP4 203.0.113.1 192.0.2.1 4711\r\n",
                                                        "PROXY UDP4\r\n", "\r\n\r\nQUIT"};
    plan.name += " (bad PROXY header)";
    switch (decisions.below(3)) {
    case 0:
        plan.proxy_fault = FaultKind::proxy_header_malformed;
        plan.proxy_header = malformed[decisions.below(malformed.size())];
        break;
    case 1:
        plan.proxy_fault = FaultKind::proxy_header_missing;
        plan.proxy_header = "GET /s0/stream HTTP/1.1\r\nHost: sim\r\n\r\n";
        break;
    default:
        plan.proxy_fault = FaultKind::proxy_header_late;
        plan.proxy_header = decisions.once_in(2) ? "PROXY TCP4 203.0.113.1" : "\r\n\r\n";
        break;
    }
    plan.requests.clear(); // any answer is an error
    plan.healthy = false;
}

void add_trusted_peer(Decisions& decisions, ClientPlan& plan) {
    plan.link.transport = io::Transport::tcp;
    plan.link.local = false;
    plan.link.address = fmt::format("{}:4000", some_trusted(decisions));
}

} // namespace

void add_proxy(Decisions& decisions, ClientPlan& plan) {
    switch (decisions.below(6)) {
    case 0:
    case 1:
        add_good_header(decisions, plan);
        break;
    case 2:
        add_chain(decisions, plan);
        break;
    case 3:
        add_bad_header(decisions, plan);
        break;
    case 4: // both headers only where they name different clients
        add_trusted_peer(decisions, plan);
        plan.link.client = some_client(decisions);
        add_header(plan, fmt::format("X-Forwarded-For: 203.0.113.99, {}", plan.link.client));
        if (decisions.once_in(3)) {
            add_header(plan, "Forwarded: for=203.0.113.98");
            plan.link.client.clear();
            plan.link.client_disputed = true;
            plan.proxy_fault = FaultKind::forwarded_disputed;
        }
        break;
    default: // as if it were a proxy
        plan.proxy_fault = FaultKind::forwarded_forged;
        add_header(plan, "X-Forwarded-For: 203.0.113.99");
        if (decisions.once_in(2)) {
            add_header(plan, "Forwarded: for=127.0.0.1");
        }
        break;
    }
    if (!plan.proxy_header.empty()) {
        // Sometimes nothing is behind the cut but the request.
        plan.proxy_header_cut = decisions.below(plan.proxy_header.size() + 1);
        plan.proxy_header_pause = std::chrono::milliseconds(decisions.below(50));
    }
}

} // namespace ringcast::sim
