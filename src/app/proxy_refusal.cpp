#include "app/proxy_refusal.hpp"

#include <fmt/core.h>

#include "app/proxy_lines.hpp"
#include "http/header_value.hpp"

namespace ringcast::app {

namespace {

/// Meaning and advice.
struct Cause {
    std::string meaning;
    std::string advice;
};

// --- no answer ---

Cause cause_of_no_answer(const ProxyFacts& facts) {
    const std::string detail =
        facts.through.detail.empty() ? "" : fmt::format(" ({})", facts.through.detail);
    switch (facts.through.no_answer) {
    case NoAnswer::name_not_found:
        return {fmt::format("the name {} is not found{}", facts.host, detail),
                fmt::format("add it to the DNS of the domain, or to /etc/hosts on the viewers' "
                            "machines; `getent hosts {}` shows what this machine finds",
                            facts.host)};
    case NoAnswer::refused:
        return {fmt::format("{} refuses the connection{}", facts.host, detail),
                "check that the proxy runs and listens on this port (`sudo ss -ltnp` on its "
                "machine), and that the router forwards the port to it"};
    case NoAnswer::unreachable:
        return {fmt::format("{} can't be reached{}", facts.host, detail),
                "check its address in the DNS, firewalls and the router; many routers don't let "
                "their own network use its public address"};
    case NoAnswer::timed_out:
        return {fmt::format("{} accepts the connection and sends no answer{}", facts.host, detail),
                "if the log of the proxy has no error, it waits for the end of the stream, which "
                "has none; let it pass on what arrives: " +
                    proxy_lines(ProxyTopic::buffering, "", "")};
    case NoAnswer::certificate:
        return {fmt::format("its certificate is not valid for this machine{}", detail),
                "without a valid certificate no password or token is sent: get one for this name "
                "(Let's Encrypt), or install its issuer here (update-ca-certificates)"};
    case NoAnswer::no_tls:
        return {fmt::format("TLS fails{}", detail),
                "check that the proxy speaks TLS on this port, or write http:// instead of "
                "https://"};
    case NoAnswer::no_http:
    case NoAnswer::none:
        break;
    }
    return {fmt::format("the connection ends without an answer{}", detail),
            "look into the log of the proxy; if it speaks TLS on this port, write https:// instead "
            "of http://"};
}

// --- statuses ---

/// By what nobody else sends together. A proxy may have replaced the header Server.
bool is_from_ringcast(const StreamAnswer& answer) noexcept {
    return answer.header("server").starts_with("ringcast/") ||
           (answer.header("x-content-type-options") == "nosniff" &&
            answer.header("content-type").starts_with("text/plain"));
}

/// What ringcast says, for the end of a sentence.
std::string quoted_text(const StreamAnswer& answer) {
    return is_from_ringcast(answer) && !answer.text.empty() ? ": " + answer.text : "";
}

Cause cause_of_login(const ProxyFacts& facts) {
    const std::string_view challenge = facts.through.header("www-authenticate");
    if (challenge.find("realm=\"ringcast\"") == std::string_view::npos) {
        return {fmt::format("the proxy itself asks for a password (401{}{})",
                            challenge.empty() ? "" : ", ", challenge),
                "test with a user of the proxy, as in https://USER:PASSWORD@...; a request has "
                "room for one password, so let either the proxy or ringcast ask for it"};
    }
    if (facts.has_credentials) {
        return {fmt::format("ringcast rejects the password or token of the URL (401){}",
                            quoted_text(facts.through)),
                "if it is accepted directly, the proxy replaces or removes the header "
                "Authorization"};
    }
    return {"ringcast asks for a password or a token (401), and the URL has none",
            "test with https://USER:PASSWORD@... or with ?token=..., neither of which is printed"};
}

Cause cause_of_forbidden(const ProxyFacts& facts) {
    if (is_from_ringcast(facts.through)) {
        return {"ringcast denies access (403)" + quoted_text(facts.through),
                "use a user, token or link that may watch this stream"};
    }
    return {"the proxy denies access (403)",
            "look for rules that deny (`deny`, `Require`, a firewall for web applications) in its "
            "configuration"};
}

/// 421 is also what a proxy says to a name that its certificate does not have.
Cause cause_of_other_name(const ProxyFacts& facts) {
    constexpr std::string_view setting = "hosts = [";
    if (!is_from_ringcast(facts.through)) {
        return {fmt::format("the proxy does not answer to {} (421)", facts.host),
                "add the name to the names of the site in its configuration (`server_name`, "
                "`ServerName`)"};
    }
    const std::size_t at = facts.through.text.find(setting);
    return {"ringcast does not know the name that the proxy passes on (421)",
            "add to the configuration of ringcast, under [http]: " +
                (at == std::string::npos ? fmt::format("hosts = [\"{}\"]", facts.host)
                                         : facts.through.text.substr(at))};
}

/// The beginning of the public path that ringcast does not know; empty if there is none.
std::string prefix_of(const ProxyFacts& facts) {
    const bool longer = !facts.direct_path.empty() && facts.path != facts.direct_path &&
                        facts.path.ends_with(facts.direct_path);
    return longer ? facts.path.substr(0, facts.path.size() - facts.direct_path.size()) : "";
}

Cause cause_of_nothing_there(const ProxyFacts& facts) {
    const std::string prefix = prefix_of(facts);
    if (!is_from_ringcast(facts.through)) {
        return {fmt::format("the proxy has nothing at {} (404)", facts.path),
                "add a rule for this path that leads to ringcast; conf/proxy has one for nginx, "
                "HAProxy, Caddy and Apache"};
    }
    if (prefix.empty() || facts.direct.status != 200) {
        return {"ringcast has nothing at the path that the proxy passes on (404)" +
                    quoted_text(facts.through),
                "name a stream that exists; on a subpath, let the proxy remove that (" +
                    proxy_lines(ProxyTopic::prefix, facts.through.header("server"),
                                facts.through.header("via")) +
                    ")"};
    }
    return {fmt::format("the proxy passes {} on with the path, and ringcast has nothing there "
                        "(404)",
                        prefix),
            fmt::format("let the proxy remove it and send `X-Forwarded-Prefix: {0}` ({1}); or add "
                        "to the configuration of ringcast, under [http]: base_path = \"{0}\"",
                        prefix,
                        proxy_lines(ProxyTopic::prefix, facts.through.header("server"),
                                    facts.through.header("via")))};
}

Cause cause_of_gateway_error(const ProxyFacts& facts) {
    const int status = facts.through.status;
    if (is_from_ringcast(facts.through)) {
        return {fmt::format("ringcast answers {}{}", status, quoted_text(facts.through)),
                "docs/troubleshooting.md explains the message"};
    }
    if (facts.direct_address.empty()) {
        return {fmt::format("the proxy does not reach ringcast ({}), and neither does this "
                            "command: {}",
                            status, facts.direct_failure),
                "start ringcast; if it runs, name its configuration here (--config FILE)"};
    }
    if (status == 504) {
        return {"the proxy waits in vain for an answer of ringcast (504), which answers directly",
                fmt::format("let it connect to {}, and pass on what arrives: {}",
                            facts.direct_address,
                            proxy_lines(ProxyTopic::buffering, facts.through.header("server"),
                                        facts.through.header("via")))};
    }
    return {fmt::format("the proxy does not reach ringcast ({}), which answers directly", status),
            fmt::format("let it connect to {}; its log has the reason. To open a UNIX socket the "
                        "proxy's user has to be in the socket's group",
                        facts.direct_address)};
}

Cause cause_of_status(const ProxyFacts& facts) {
    const StreamAnswer& answer = facts.through;
    switch (answer.status) {
    case 401:
        return cause_of_login(facts);
    case 403:
        return cause_of_forbidden(facts);
    case 404:
        return cause_of_nothing_there(facts);
    case 421:
        return cause_of_other_name(facts);
    case 429:
        return {"too many requests (429)" + quoted_text(answer),
                "wait a while; if nobody else asks, look for a limit of requests in the "
                "configuration of the proxy"};
    case 500:
    case 502:
    case 503:
    case 504:
        return cause_of_gateway_error(facts);
    default:
        return {fmt::format("the answer has status {}{}", answer.status, quoted_text(answer)),
                "look into the log of the proxy"};
    }
}

Cause cause_of_redirect(const ProxyFacts& facts) {
    return {fmt::format("the proxy redirects to {} ({})", facts.redirect, facts.through.status),
            "if that is a page to log in, let the proxy exempt this path from it, and let ringcast "
            "ask for passwords ([access]): players and <img> can't fill in a form; else test with "
            "that URL"};
}

} // namespace

std::optional<Finding> refusal(const ProxyFacts& facts) {
    const auto problem = [&](Cause cause) {
        return Finding{Verdict::problem, facts.url, std::move(cause.meaning),
                       std::move(cause.advice)};
    };
    const StreamAnswer& answer = facts.through;
    if (answer.no_answer != NoAnswer::none) {
        return problem(cause_of_no_answer(facts));
    }
    if (!facts.redirect.empty()) {
        return problem(cause_of_redirect(facts));
    }
    if (answer.status != 200) {
        return problem(cause_of_status(facts));
    }
    const std::string type = http::media_type(answer.header("content-type"));
    if (!type.starts_with("multipart/")) {
        return problem({fmt::format("the answer is no stream but {}",
                                    type.empty() ? "of no known type" : type),
                        "name the URL of a stream, as in https://cam.example.org/NAME/stream; if "
                        "this is one, the proxy answers itself, with a page to log in for example: "
                        "let it exempt this path"});
    }
    return std::nullopt;
}

} // namespace ringcast::app
