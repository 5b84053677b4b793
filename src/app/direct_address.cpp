#include "app/direct_address.hpp"

#include <utility>
#include <variant>

#include <fmt/core.h>

#include "config/listen_address.hpp"

namespace ringcast::app {

RequestOptions DirectAddress::request(const std::string& target) const {
    RequestOptions options;
    options.url = base + target;
    options.socket_path = socket_path;
    options.proxy_protocol = proxy_protocol;
    return options;
}

Result<DirectAddress> direct_address(const config::ListenConfig& listen) {
    DirectAddress address;
    address.shown = config::listen_address_text(listen.address);
    address.proxy_protocol = listen.proxy_protocol;
    if (std::holds_alternative<config::ListenPassed>(listen.address)) {
        return fail(address.shown + ": only the service manager knows that address (--listen "
                                    "ADDRESS names it)");
    }
    if (const auto* tcp = std::get_if<config::ListenTcp>(&listen.address)) {
        const bool every_ipv6 = tcp->host == "::";
        const bool every = config::is_wildcard(listen.address);
        const std::string host = every_ipv6 ? "::1" : every ? "127.0.0.1" : tcp->host;
        const bool brackets = host.find(':') != std::string::npos;
        address.base = fmt::format("http://{}{}{}:{}", brackets ? "[" : "", host,
                                   brackets ? "]" : "", tcp->port);
    } else {
        address.base = "http://localhost";
        address.socket_path = std::get<config::ListenUnix>(listen.address).path;
    }
    return address;
}

std::string failure_of(const StreamAnswer& answer) {
    switch (answer.no_answer) {
    case NoAnswer::none:
        return answer.header("server").starts_with("ringcast/") ? ""
                                                                : "another program answers there";
    case NoAnswer::refused:
        return "connection refused";
    case NoAnswer::unreachable:
        return answer.detail.empty() ? "not reachable" : answer.detail;
    case NoAnswer::timed_out:
        return "no answer";
    case NoAnswer::name_not_found:
        return "the name is not found";
    case NoAnswer::certificate:
        return "its certificate is not valid: " + answer.detail;
    case NoAnswer::no_tls:
        return "no TLS: " + answer.detail;
    case NoAnswer::no_http:
        break;
    }
    return "no HTTP answer";
}

std::string with_query(std::string path, const std::string& query) {
    return query.empty() ? path : std::move(path) + "?" + query;
}

} // namespace ringcast::app
