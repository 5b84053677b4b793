#include "app/proxy_findings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "app/proxy_lines.hpp"
#include "app/proxy_refusal.hpp"
#include "app/stream_comparison.hpp"
#include "http/field_syntax.hpp"
#include "http/header_value.hpp"
#include "http/letter_case.hpp"

namespace ringcast::app {

namespace {

using ProxyFindings = std::vector<Finding>;

double milliseconds_of(Duration duration) noexcept {
    return std::chrono::duration<double, std::milli>(duration).count();
}

double seconds_of(Duration duration) noexcept {
    return std::chrono::duration<double>(duration).count();
}

std::string lines_for(ProxyTopic topic, const ProxyFacts& facts) {
    return proxy_lines(topic, facts.through.header("server"), facts.through.header("via"));
}

/// True if `list` has the element, whatever its case: "no-store" in "no-cache, no-store".
bool has_element(std::string_view list, std::string_view element) {
    bool found = false;
    http::for_each_element(list, [&](std::string_view each) {
        found = found || http::equal_ignoring_case(each, element);
    });
    return found;
}

// --- connection ---

ProxyFindings check_certificate(const ProxyFacts& facts) {
    if (!facts.https) {
        return {
            {Verdict::ok, "TLS", "none: everybody on the way can see pictures and passwords", ""}};
    }
    if (!facts.certificate_problem.empty()) {
        return {{Verdict::problem, "TLS",
                 fmt::format("the certificate is not valid for this machine ({}); the URL was "
                             "read all the same, as it has no password",
                             facts.certificate_problem),
                 "get a certificate for this name (Let's Encrypt), or install its issuer on the "
                 "viewers' machines"}};
    }
    return {{Verdict::ok, "TLS",
             facts.upgraded ? "the certificate is valid; http:// is redirected to https://"
                            : "the certificate is valid",
             ""}};
}

ProxyFindings check_http_version(const ProxyFacts& facts) {
    if (facts.through.http_version >= 2) {
        return {{Verdict::ok, "HTTP version",
                 fmt::format("HTTP/{}: a page can show many streams", facts.through.http_version),
                 ""}};
    }
    constexpr std::string_view limit =
        "HTTP/1.1: a browser shows at most six streams of a host at once";
    if (!facts.https) {
        return {{Verdict::ok, "HTTP version",
                 fmt::format("{}; browsers speak HTTP/2 over TLS only", limit), ""}};
    }
    return {{Verdict::note, "HTTP version", std::string(limit),
             "for pages with more streams: " + lines_for(ProxyTopic::http2, facts)}};
}

// --- delay ---

constexpr std::string_view buffering = "buffering";

Finding buffered(std::string meaning, const ProxyFacts& facts) {
    const std::string lines = lines_for(ProxyTopic::buffering, facts);
    return {Verdict::problem, std::string(buffering), std::move(meaning),
            fmt::format("let each proxy on the way pass on what arrives{}, and heed ringcast's "
                        "header `X-Accel-Buffering: no`",
                        lines.empty() ? "" : fmt::format(" ({})", lines))};
}

/// The median delay, if it says something of the proxy.
std::optional<Duration> added_delay(const ProxyFacts& facts) {
    return median(delays(facts.through.stream, facts.direct.stream, Instant{}));
}

/// Where the same frames arrived over both connections.
Finding judge_delay(const ProxyFacts& facts, Duration added) {
    constexpr Duration noise = std::chrono::milliseconds(10);
    constexpr double enough_frames = 0.8;
    const StreamRecord& through = facts.through.stream;
    const StreamRecord& direct = facts.direct.stream;
    const Duration period = frame_period(direct).value_or(Duration::max());
    const std::string adds = fmt::format("adds {:.1f} ms (median)", milliseconds_of(added));
    // Frames are not sent any more once their successor exists, so a full link loses some of them.
    const double received = share_received(through, direct);
    if (received < enough_frames && added > noise) {
        return {Verdict::note, std::string(buffering),
                fmt::format("it {}, and {:.0f} % of the frames have arrived: the link does not "
                            "carry the stream",
                            adds, received * 100),
                "ask for less, with ?fps=5 in the URL, and test from where the link is fast"};
    }
    // A connection takes one round trip, a frame half of one.
    if (added - facts.through.round_trip > std::max(period / 2, noise)) {
        return buffered(fmt::format("it {} at a frame each {:.0f} ms: each frame is held back "
                                    "until more data arrives",
                                    adds, milliseconds_of(period)),
                        facts);
    }
    return {Verdict::ok, std::string(buffering),
            fmt::format("none: it {}, at a round trip of {:.1f} ms", adds,
                        milliseconds_of(facts.through.round_trip)),
            ""};
}

ProxyFindings check_buffering(const ProxyFacts& facts) {
    constexpr double at_once_share_max = 0.3;
    const StreamRecord& through = facts.through.stream;
    if (through.framing_lost) {
        return {{Verdict::problem, std::string(buffering),
                 "not measured: the parts of the stream have no Content-Length any more, or are no "
                 "parts: something on the way changes the body",
                 "let nothing on the way rewrite multipart/x-mixed-replace"}};
    }
    if (through.frames.empty()) {
        const std::size_t direct = facts.direct.stream.frames.size();
        return {buffered(direct > 0 ? fmt::format("no frame has arrived, and {} have directly: the "
                                                  "proxy holds all of them back",
                                                  direct)
                                    : std::string("no frame has arrived"),
                         facts)};
    }
    const double at_once = share_at_once(through) - share_at_once(facts.direct.stream);
    if (at_once > at_once_share_max) {
        const auto added = added_delay(facts);
        return {buffered(fmt::format("frames arrive several at a time{}",
                                     added ? fmt::format(", {:.0f} ms (median) later than directly",
                                                         milliseconds_of(*added))
                                           : std::string()),
                         facts)};
    }
    if (const auto added = added_delay(facts)) {
        return {judge_delay(facts, *added)};
    }
    const std::string reason = facts.direct_address.empty()
                                   ? "ringcast was not reached directly: " + facts.direct_failure
                                   : fmt::format("{} has sent none of these frames (status {})",
                                                 facts.direct_address, facts.direct.status);
    return {
        {Verdict::note, std::string(buffering),
         "frames arrive one by one; how much later than directly was not measured, as " + reason,
         "run this command on the machine of ringcast, with its --config FILE"}};
}

// --- what was changed ---

ProxyFindings check_compression(const ProxyFacts& facts) {
    const std::string_view coding = facts.through.header("content-encoding");
    if (coding.empty() || http::equal_ignoring_case(coding, "identity")) {
        return {{Verdict::ok, "compression", "none", ""}};
    }
    return {{Verdict::problem, "compression",
             fmt::format("the proxy compresses the stream ({}): JPEG gets no smaller, frames wait "
                         "for more data, and few players can read it",
                         coding),
             "exempt multipart/x-mixed-replace: " + lines_for(ProxyTopic::compression, facts)}};
}

/// Why the stream was not made for this request; empty if nothing suggests that.
std::string sign_of_cache(const ProxyFacts& facts) {
    constexpr Duration old = std::chrono::seconds(2);
    const std::string_view age = facts.through.header("age");
    if (!age.empty() && age != "0") {
        return fmt::format("Age: {}", age);
    }
    for (const std::string_view name : {"x-cache", "x-cache-status", "cf-cache-status"}) {
        const std::string value = http::lower_case(facts.through.header(name));
        if (value.find("hit") != std::string::npos) {
            return fmt::format("{}: {}", name, value);
        }
    }
    if (repeated_frames(facts.through.stream) > 0) {
        return "the same frames twice";
    }
    const auto first_frame_age =
        facts.slow ? age_of_first_frame(facts.slow->stream, reference(facts), facts.slow->began)
                   : std::nullopt;
    return first_frame_age && *first_frame_age > old
               ? fmt::format("a new viewer's first frame was {:.0f} s old",
                             seconds_of(*first_frame_age))
               : "";
}

ProxyFindings check_caching(const ProxyFacts& facts) {
    const std::string sign = sign_of_cache(facts);
    if (sign.empty()) {
        return {{Verdict::ok, "caching", "none", ""}};
    }
    const std::string lines = lines_for(ProxyTopic::caching, facts);
    return {{Verdict::problem, "caching", fmt::format("viewers get a stored stream ({})", sign),
             fmt::format("let nothing on the way store the stream{}{}", lines.empty() ? "" : ": ",
                         lines)}};
}

/// Headers that have an effect beyond the proxy. nginx itself needs X-Accel-Buffering, and removes
/// it.
std::vector<std::string> lost_headers(const ProxyFacts& facts) {
    constexpr std::array<std::string_view, 3> names{
        "x-content-type-options", "cross-origin-resource-policy", "x-ringcast-via"};
    std::vector<std::string> lost;
    for (const std::string_view name : names) {
        if (!facts.direct.header(name).empty() && facts.through.header(name).empty()) {
            lost.emplace_back(name);
        }
    }
    for (const std::string_view element : {"no-store", "no-transform"}) {
        if (!has_element(facts.through.header("cache-control"), element)) {
            lost.push_back(fmt::format("cache-control: {}", element));
        }
    }
    const std::string boundary =
        http::parameter(facts.direct.header("content-type"), "boundary").value_or("");
    if (!boundary.empty() &&
        http::parameter(facts.through.header("content-type"), "boundary") != boundary) {
        lost.emplace_back("content-type (another boundary)");
    }
    const auto& frames = facts.through.stream.frames;
    const bool without_time = std::ranges::any_of(
        frames, [](const ReceivedFrame& frame) { return !frame.captured.has_value(); });
    if (without_time) {
        lost.emplace_back("x-timestamp of the parts");
    }
    return lost;
}

ProxyFindings check_headers(const ProxyFacts& facts) {
    std::string lost;
    for (const std::string& each : lost_headers(facts)) {
        lost += (lost.empty() ? "" : ", ") + each;
    }
    if (lost.empty()) {
        return {{Verdict::ok, "headers", "those of ringcast arrive", ""}};
    }
    return {{Verdict::note, "headers", "removed or replaced on the way: " + lost,
             "remove the rules that change headers of responses (nginx: `proxy_hide_header`, "
             "`add_header`; HAProxy: `http-response del-header`; Caddy: `header`; Apache: `Header "
             "unset`), or something that rewrites the stream"}};
}

// --- viewers ---

ProxyFindings check_address(const ProxyFacts& facts) {
    constexpr std::string_view subject = "viewer's address";
    if (!facts.seen) {
        return {};
    }
    if (!facts.seen->proxy.empty()) {
        return {{Verdict::ok, std::string(subject),
                 fmt::format("ringcast sees {}, behind the proxy {}", facts.seen->address,
                             facts.seen->proxy),
                 ""}};
    }
    const std::string& peer = facts.seen->address;
    if (peer == facts.own_address) {
        return {{Verdict::ok, std::string(subject),
                 fmt::format("ringcast sees that of this machine ({}): there is no proxy", peer),
                 ""}};
    }
    const bool ipv6 = peer.starts_with('[');
    const std::string trusted =
        ipv6 ? peer.substr(1, peer.find(']') - 1) : peer.substr(0, peer.rfind(':'));
    const std::string lines = lines_for(ProxyTopic::forwarding, facts);
    return {{Verdict::note, std::string(subject),
             fmt::format("ringcast takes the proxy ({}) for the viewer: status, limits and logs "
                         "show it instead of viewers",
                         peer),
             fmt::format("add to the configuration of ringcast, under [access]: trusted_proxies = "
                         "[\"{}\"]{}{}",
                         trusted, lines.empty() ? "" : "; and to that of the proxy, ", lines)}};
}

ProxyFindings check_slow_viewer(const ProxyFacts& facts) {
    constexpr std::string_view subject = "slow viewer";
    constexpr Duration age_limit = std::chrono::seconds(2);
    constexpr std::uint64_t kilobyte = 1000;
    const StreamRecord& all = reference(facts);
    if (facts.through.stream.frames.empty()) {
        return {}; // more is wrong
    }
    if (!facts.slow) {
        return {
            {Verdict::ok, std::string(subject),
             fmt::format("not measured: the stream has only {} KB/s", byte_rate(all) / kilobyte),
             ""}};
    }
    const SlowViewer& slow = *facts.slow;
    const std::uint64_t rate = slow.byte_rate / kilobyte;
    const auto age = median(delays(slow.stream, all, slow.judged_from));
    if (!age) {
        return {{Verdict::note, std::string(subject),
                 fmt::format("a viewer that reads {} KB/s got no frame in time", rate),
                 "ask for smaller pictures, or look at buffering first"}};
    }
    // Reading a frame takes time that no proxy can save.
    const double frame_seconds = static_cast<double>(all.bytes) /
                                 static_cast<double>(all.frames.size()) /
                                 static_cast<double>(slow.byte_rate);
    const std::string meaning = fmt::format(
        "one that reads {} KB/s over HTTP/1.1 is {:.1f} s behind", rate, seconds_of(*age));
    if (seconds_of(*age) <= seconds_of(age_limit) + frame_seconds) {
        return {{Verdict::ok, std::string(subject), meaning, ""}};
    }
    const std::string lines = lines_for(ProxyTopic::slow_viewers, facts);
    return {
        {Verdict::note, std::string(subject),
         meaning + ": so much data waits in the proxy and in its kernel, out of ringcast's reach",
         fmt::format("on the machine of the proxy `sudo sysctl net.ipv4.tcp_notsent_lowat=32768`, "
                     "to be kept in /etc/sysctl.d{}{}; docs/proxies.md compares",
                     lines.empty() ? "" : "; or ", lines)}};
}

constexpr std::array proxy_checks{
    check_certificate, check_http_version, check_buffering, check_compression,
    check_caching,     check_headers,      check_address,   check_slow_viewer,
};

} // namespace

std::string_view StreamAnswer::header(std::string_view name) const noexcept {
    const auto found = std::ranges::find(headers, name, &AnswerHeader::name);
    return found == headers.end() ? std::string_view() : found->value;
}

const StreamRecord& reference(const ProxyFacts& facts) noexcept {
    return facts.direct.stream.frames.empty() ? facts.through.stream : facts.direct.stream;
}

std::vector<Finding> examine_proxy(const ProxyFacts& facts) {
    if (auto found = refusal(facts)) {
        ProxyFindings all{*std::move(found)};
        if (!facts.certificate_problem.empty()) {
            all.push_back(check_certificate(facts).front());
        }
        return all;
    }
    ProxyFindings all{{Verdict::ok, facts.url, "the proxy answers with a stream", ""}};
    for (const auto& check : proxy_checks) {
        for (Finding& finding : check(facts)) {
            all.push_back(std::move(finding));
        }
    }
    return all;
}

} // namespace ringcast::app
