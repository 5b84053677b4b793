#include "app/proxy_findings.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "app/proxy_lines.hpp"
#include "app/stream_samples.hpp"

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration period = milliseconds(100); // 720 KB/s

StreamAnswer stream_answer() {
    StreamAnswer answer;
    answer.status = 200;
    answer.http_version = 1;
    answer.headers = {
        {"server", "ringcast/0.1.0"},
        {"content-type", "multipart/x-mixed-replace; boundary=edge"},
        {"cache-control", "no-store, no-cache, must-revalidate, no-transform"},
        {"x-accel-buffering", "no"},
        {"x-ringcast-via", "9b27d1c05ea4f368"},
        {"x-content-type-options", "nosniff"},
        {"cross-origin-resource-policy", "cross-origin"},
    };
    answer.stream = frames_of(51, period, milliseconds(1));
    return answer;
}

void set_header(StreamAnswer& answer, std::string_view name, std::string_view value) {
    std::erase_if(answer.headers, [&](const AnswerHeader& each) { return each.name == name; });
    if (!value.empty()) {
        answer.headers.push_back({std::string(name), std::string(value)});
    }
}

/// An nginx with the file of conf/proxy.
ProxyFacts good_proxy() {
    ProxyFacts facts;
    facts.url = "https://cam.example.org/door/stream";
    facts.host = "cam.example.org";
    facts.path = "/door/stream";
    facts.https = true;
    facts.through = stream_answer();
    facts.through.http_version = 2;
    facts.through.round_trip = milliseconds(2);
    facts.through.stream = frames_of(51, period, milliseconds(3));
    set_header(facts.through, "server", "nginx/1.22.1");
    set_header(facts.through, "x-accel-buffering", "");
    facts.direct_address = "http://127.0.0.1:8080";
    facts.direct_path = "/door/stream";
    facts.direct = stream_answer();
    facts.direct.stream = frames_of(151, period, milliseconds(1));
    facts.seen = ViewerAddresses{"192.0.2.7", "127.0.0.1:40000"};
    SlowViewer& slow = facts.slow.emplace();
    slow.stream = frames_of(151, period, milliseconds(1100));
    slow.stream.frames.erase(slow.stream.frames.begin(), slow.stream.frames.begin() + 50);
    slow.began = sample_begin + seconds(5);
    slow.judged_from = sample_begin + seconds(10);
    slow.byte_rate = 300'000;
    return facts;
}

/// An answer of ringcast without a stream.
StreamAnswer ringcast_error(int status, std::string_view text) {
    StreamAnswer answer;
    answer.status = status;
    answer.http_version = 1;
    answer.headers = {{"server", "nginx/1.22.1"},
                      {"content-type", "text/plain; charset=utf-8"},
                      {"x-content-type-options", "nosniff"}};
    answer.text = text;
    return answer;
}

StreamAnswer proxy_error(int status) {
    StreamAnswer answer;
    answer.status = status;
    answer.http_version = 1;
    answer.headers = {{"server", "nginx/1.22.1"}, {"content-type", "text/html"}};
    answer.text = "<html>";
    return answer;
}

/// The only finding about `subject`.
Finding about(const ProxyFacts& facts, std::string_view subject) {
    const std::vector<Finding> findings = examine_proxy(facts);
    INFO(subject);
    REQUIRE(std::ranges::count(findings, subject, &Finding::subject) == 1);
    return *std::ranges::find(findings, subject, &Finding::subject);
}

/// The finding if that is the only one and a problem.
Finding only_problem(const ProxyFacts& facts) {
    const std::vector<Finding> findings = examine_proxy(facts);
    REQUIRE(findings.size() == 1);
    CHECK(findings.front().verdict == Verdict::problem);
    CHECK(findings.front().subject == "https://cam.example.org/door/stream");
    CHECK_FALSE(findings.front().advice.empty());
    return findings.front();
}

Finding refused_with(StreamAnswer answer) {
    ProxyFacts facts = good_proxy();
    facts.through = std::move(answer);
    return only_problem(facts);
}

} // namespace

TEST_CASE("of a good proxy every finding is ok and nothing has to be done") {
    const std::vector<Finding> findings = examine_proxy(good_proxy());
    for (const Finding& finding : findings) {
        INFO(finding.subject << ": " << finding.meaning);
        CHECK(finding.verdict == Verdict::ok);
        CHECK(finding.advice.empty());
        CHECK_FALSE(finding.meaning.empty());
    }
    CHECK(findings.size() == 9);
    CHECK_THAT(about(good_proxy(), "buffering").meaning, ContainsSubstring("adds 2.0 ms"));
    CHECK_THAT(about(good_proxy(), "slow viewer").meaning, ContainsSubstring("1.1 s behind"));
}

TEST_CASE("without an answer the reason and what to do are the only finding") {
    const auto found = [](NoAnswer no_answer, std::string_view detail) {
        StreamAnswer answer;
        answer.no_answer = no_answer;
        answer.detail = detail;
        return refused_with(answer);
    };
    CHECK_THAT(found(NoAnswer::name_not_found, "").meaning,
               ContainsSubstring("the name cam.example.org is not found"));
    CHECK_THAT(found(NoAnswer::refused, "").advice, ContainsSubstring("the proxy runs"));
    CHECK_THAT(found(NoAnswer::unreachable, "No route to host").meaning,
               ContainsSubstring("(No route to host)"));
    CHECK_THAT(found(NoAnswer::timed_out, "").advice,
               ContainsSubstring("lighttpd: `server.stream-response-body = 2`"));
    CHECK_THAT(found(NoAnswer::certificate, "certificate has expired").meaning,
               ContainsSubstring("(certificate has expired)"));
    CHECK_THAT(found(NoAnswer::no_tls, "").advice, ContainsSubstring("http:// instead"));
    CHECK_THAT(found(NoAnswer::no_http, "").advice, ContainsSubstring("https:// instead"));
}

TEST_CASE("a redirect is reported with where it leads") {
    ProxyFacts facts = good_proxy();
    facts.through = proxy_error(302);
    facts.redirect = "https://login.example.org/auth";
    const Finding finding = only_problem(facts);
    CHECK_THAT(finding.meaning, ContainsSubstring("https://login.example.org/auth (302)"));
    CHECK_THAT(finding.advice, ContainsSubstring("exempt this path"));
}

TEST_CASE("a password is asked for by the proxy or by ringcast") {
    StreamAnswer answer = proxy_error(401);
    set_header(answer, "www-authenticate", "Basic realm=\"Private\"");
    CHECK_THAT(refused_with(answer).meaning,
               ContainsSubstring("the proxy itself asks for a password (401, Basic"));

    ProxyFacts facts = good_proxy();
    facts.through = ringcast_error(401, "This needs a password.");
    set_header(facts.through, "www-authenticate", "Basic realm=\"ringcast\", charset=\"UTF-8\"");
    CHECK_THAT(only_problem(facts).advice, ContainsSubstring("?token="));
    facts.has_credentials = true;
    CHECK_THAT(only_problem(facts).meaning,
               ContainsSubstring("rejects the password or token of the URL"));

    CHECK_THAT(refused_with(proxy_error(403)).meaning, ContainsSubstring("the proxy denies"));
    CHECK_THAT(refused_with(ringcast_error(403, "This link is for the stream of x alone.")).meaning,
               ContainsSubstring("ringcast denies access (403): This link"));
}

TEST_CASE("a host that is not known is reported with the line to add") {
    const Finding finding = refused_with(ringcast_error(
        421, "This server does not answer to the name cam.example.com. If it is a name of this "
             "server, add to its configuration, under [http]: hosts = [\"cam.example.com\"]"));
    CHECK_THAT(finding.advice, ContainsSubstring("under [http]: hosts = [\"cam.example.com\"]"));
    CHECK_THAT(refused_with(ringcast_error(421, "")).advice,
               ContainsSubstring("hosts = [\"cam.example.org\"]"));
    CHECK_THAT(refused_with(proxy_error(421)).meaning, ContainsSubstring("the proxy does not"));
}

TEST_CASE("what the proxy should remove from the path is named") {
    ProxyFacts facts = good_proxy();
    facts.path = "/cam/door/stream";
    facts.through = ringcast_error(404, "There is no such page or stream.");
    const Finding finding = only_problem(facts);
    CHECK_THAT(finding.meaning, ContainsSubstring("passes /cam on"));
    CHECK_THAT(finding.advice, ContainsSubstring("`X-Forwarded-Prefix: /cam` (nginx: "));
    CHECK_THAT(finding.advice, ContainsSubstring("base_path = \"/cam\""));

    facts.direct.status = 404;
    CHECK_THAT(only_problem(facts).meaning,
               ContainsSubstring("(404): There is no such page or stream."));
    CHECK_THAT(refused_with(proxy_error(404)).meaning,
               ContainsSubstring("the proxy has nothing at /door/stream"));
}

TEST_CASE("a proxy that does not reach ringcast is told from a ringcast that does not run") {
    CHECK_THAT(refused_with(proxy_error(502)).advice,
               ContainsSubstring("connect to http://127.0.0.1:8080"));
    CHECK_THAT(refused_with(proxy_error(504)).advice, ContainsSubstring("`proxy_buffering off;`"));
    CHECK_THAT(refused_with(ringcast_error(503, "too many viewers")).meaning,
               ContainsSubstring("ringcast answers 503: too many viewers"));

    ProxyFacts facts = good_proxy();
    facts.through = proxy_error(503);
    facts.direct_address.clear();
    facts.direct_failure = "127.0.0.1:8080 refuses the connection";
    CHECK_THAT(only_problem(facts).meaning, ContainsSubstring("127.0.0.1:8080 refuses"));
    CHECK_THAT(only_problem(facts).advice, ContainsSubstring("--config FILE"));
}

TEST_CASE("other answers than a stream are reported") {
    CHECK_THAT(refused_with(proxy_error(429)).advice, ContainsSubstring("limit of requests"));
    CHECK_THAT(refused_with(proxy_error(418)).meaning, ContainsSubstring("status 418"));
    CHECK_THAT(refused_with(proxy_error(200)).meaning,
               ContainsSubstring("the answer is no stream but text/html"));
}

TEST_CASE("a certificate that is not valid is a problem, and the stream is examined all the same") {
    ProxyFacts facts = good_proxy();
    facts.certificate_problem = "self-signed certificate";
    CHECK(about(facts, "TLS").verdict == Verdict::problem);
    CHECK_THAT(about(facts, "TLS").meaning, ContainsSubstring("(self-signed certificate)"));
    CHECK(about(facts, "buffering").verdict == Verdict::ok);
    facts.through = proxy_error(502);
    CHECK(examine_proxy(facts).size() == 2);
    CHECK(about(facts, "TLS").verdict == Verdict::problem);
    facts = good_proxy();
    facts.upgraded = true;
    CHECK_THAT(about(facts, "TLS").meaning, ContainsSubstring("redirected"));
}

TEST_CASE("HTTP/1.1 is a note where browsers could speak HTTP/2") {
    ProxyFacts facts = good_proxy();
    facts.through.http_version = 1;
    CHECK(about(facts, "HTTP version").verdict == Verdict::note);
    CHECK_THAT(about(facts, "HTTP version").advice, ContainsSubstring("`listen 443 ssl http2;`"));
    facts.https = false;
    CHECK(about(facts, "HTTP version").verdict == Verdict::ok);
    CHECK(about(facts, "TLS").verdict == Verdict::ok);
}

TEST_CASE("a proxy that holds each frame back until the next one is a problem") {
    ProxyFacts facts = good_proxy();
    facts.through.stream = frames_of(51, period, period + milliseconds(1));
    const Finding finding = about(facts, "buffering");
    CHECK(finding.verdict == Verdict::problem);
    CHECK_THAT(finding.meaning, ContainsSubstring("adds 100.0 ms"));
    CHECK_THAT(finding.advice, ContainsSubstring("(nginx: `proxy_buffering off;`)"));
}

TEST_CASE("the delay of a long way to the proxy is no buffering") {
    ProxyFacts facts = good_proxy();
    facts.through.stream = frames_of(51, period, milliseconds(101));
    facts.through.round_trip = milliseconds(200);
    CHECK(about(facts, "buffering").verdict == Verdict::ok);
}

TEST_CASE("a proxy that passes on several frames at once is a problem, with or without ringcast") {
    ProxyFacts facts = good_proxy();
    facts.through.stream = held_back(facts.through.stream, 5);
    CHECK(about(facts, "buffering").verdict == Verdict::problem);
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("several at a time, 202 ms"));
    facts.direct = {};
    facts.direct_address.clear();
    CHECK(about(facts, "buffering").verdict == Verdict::problem);
    CHECK_THAT(about(facts, "buffering").meaning, !ContainsSubstring("than directly"));
}

TEST_CASE("a proxy that passes nothing on is a problem") {
    ProxyFacts facts = good_proxy();
    facts.slow.reset();
    facts.through.stream = {};
    CHECK(about(facts, "buffering").verdict == Verdict::problem);
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("151 have directly"));
    facts.through.stream.framing_lost = true;
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("no Content-Length"));
}

TEST_CASE("a link that is too slow for the stream is told from buffering") {
    ProxyFacts facts = good_proxy();
    StreamRecord& through = facts.through.stream;
    through = frames_of(51, period, milliseconds(400));
    for (std::size_t i = 2; i < through.frames.size(); ++i) {
        through.frames.erase(through.frames.begin() + static_cast<std::ptrdiff_t>(i));
    }
    CHECK(about(facts, "buffering").verdict == Verdict::note);
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("does not carry the stream"));
}

TEST_CASE("without a direct stream the delay is not measured, and why") {
    ProxyFacts facts = good_proxy();
    facts.direct = {};
    facts.direct_address.clear();
    facts.direct_failure = "127.0.0.1:8080 refuses the connection";
    CHECK(about(facts, "buffering").verdict == Verdict::note);
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("refuses the connection"));
    CHECK(about(facts, "headers").verdict == Verdict::ok);

    facts = good_proxy();
    facts.direct = {};
    facts.direct.status = 401;
    CHECK_THAT(about(facts, "buffering").meaning, ContainsSubstring("(status 401)"));
}

TEST_CASE("compression is a problem") {
    ProxyFacts facts = good_proxy();
    set_header(facts.through, "content-encoding", "gzip");
    CHECK(about(facts, "compression").verdict == Verdict::problem);
    CHECK_THAT(about(facts, "compression").advice, ContainsSubstring("nginx: `gzip off;`"));
    CHECK_THAT(about(facts, "compression").advice, !ContainsSubstring("Apache"));
}

TEST_CASE("a stored stream is recognised by headers, repeated frames and old ones") {
    ProxyFacts facts = good_proxy();
    set_header(facts.through, "age", "0");
    set_header(facts.through, "x-cache", "MISS from proxy");
    CHECK(about(facts, "caching").verdict == Verdict::ok);
    set_header(facts.through, "age", "17");
    CHECK_THAT(about(facts, "caching").meaning, ContainsSubstring("(Age: 17)"));
    CHECK(about(facts, "caching").verdict == Verdict::problem);

    facts = good_proxy();
    set_header(facts.through, "x-cache", "HIT from proxy");
    CHECK_THAT(about(facts, "caching").meaning, ContainsSubstring("(x-cache: hit from proxy)"));

    facts = good_proxy();
    facts.through.stream.frames.push_back(facts.through.stream.frames.front());
    CHECK_THAT(about(facts, "caching").meaning, ContainsSubstring("the same frames twice"));

    facts = good_proxy();
    facts.slow->stream.frames.front().captured = sample_begin_wall;
    CHECK_THAT(about(facts, "caching").meaning, ContainsSubstring("5 s old"));
}

TEST_CASE("headers that are lost are listed") {
    ProxyFacts facts = good_proxy();
    set_header(facts.through, "cache-control", "No-Store, max-age=60");
    set_header(facts.through, "cross-origin-resource-policy", "");
    set_header(facts.through, "content-type", "multipart/x-mixed-replace; boundary=other");
    facts.through.stream.frames.back().captured.reset();
    const Finding finding = about(facts, "headers");
    CHECK(finding.verdict == Verdict::note);
    CHECK_THAT(finding.meaning,
               ContainsSubstring("cross-origin-resource-policy, cache-control: no-transform, "
                                 "content-type (another boundary), x-timestamp of the parts"));
}

TEST_CASE("a proxy that is not trusted is taken for the viewer") {
    ProxyFacts facts = good_proxy();
    facts.seen = ViewerAddresses{"127.0.0.1:40000", ""};
    CHECK(about(facts, "viewer's address").verdict == Verdict::note);
    CHECK_THAT(about(facts, "viewer's address").advice,
               ContainsSubstring("trusted_proxies = [\"127.0.0.1\"]; and to that of the proxy, "
                                 "nginx: `proxy_set_header X-Forwarded-For"));
    facts.seen->address = "[::1]:40000";
    CHECK_THAT(about(facts, "viewer's address").advice, ContainsSubstring("[\"::1\"]"));
    facts.seen->address = "unix";
    CHECK_THAT(about(facts, "viewer's address").advice, ContainsSubstring("[\"unix\"]"));

    facts.seen->address = facts.own_address = "192.0.2.7:40000";
    CHECK(about(facts, "viewer's address").verdict == Verdict::ok);
    CHECK_THAT(about(facts, "viewer's address").meaning, ContainsSubstring("there is no proxy"));
}

TEST_CASE("a slow viewer far behind is a note, with the setting of the system and of the proxy") {
    ProxyFacts facts = good_proxy();
    for (ReceivedFrame& frame : facts.slow->stream.frames) {
        frame.arrived += seconds(3);
    }
    const Finding finding = about(facts, "slow viewer");
    CHECK(finding.verdict == Verdict::note);
    CHECK_THAT(finding.meaning, ContainsSubstring("4.1 s behind"));
    CHECK_THAT(finding.advice, ContainsSubstring("net.ipv4.tcp_notsent_lowat=32768"));
    CHECK_THAT(finding.advice, ContainsSubstring("nginx: `sndbuf=64k`"));

    facts.slow->judged_from = Instant::max();
    CHECK_THAT(about(facts, "slow viewer").meaning, ContainsSubstring("no frame in time"));
    facts.slow.reset();
    CHECK_THAT(about(facts, "slow viewer").meaning, ContainsSubstring("only 7"));
    CHECK(about(facts, "slow viewer").verdict == Verdict::ok);
}

TEST_CASE("lines are those of the proxy that names itself, or of all") {
    CHECK(proxy_lines(ProxyTopic::slow_viewers, "Apache/2.4.62 (Debian)", "") ==
          "Apache: `SendBufferSize 65536` and `ProxyReceiveBufferSize 65536`");
    CHECK(proxy_lines(ProxyTopic::slow_viewers, "ringcast/0.1.0", "1.1 Caddy").empty());
    const std::string all = proxy_lines(ProxyTopic::slow_viewers, "ringcast/0.1.0", "");
    CHECK_THAT(all, ContainsSubstring("nginx: "));
    CHECK_THAT(all, ContainsSubstring("; HAProxy: "));
}
