#include "app/through_proxy.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/read_json.hpp"
#include "app/direct_address.hpp"
#include "app/stream_comparison.hpp"
#include "app/stream_request.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

using Progress = std::function<void(std::string_view)>;
using Viewers = std::vector<api::ListedViewer>;

constexpr Duration answer_time_max = std::chrono::seconds(10);
constexpr Duration compare_time = std::chrono::seconds(5);
/// Of a slow viewer: what it gets at first shows nothing, as buffers have to fill.
constexpr Duration slow_time = std::chrono::seconds(12);
constexpr Duration slow_time_judged = std::chrono::seconds(6);
constexpr std::uint64_t slow_byte_rate = 300'000;
constexpr int status_not_found = 404;

/// Runs one request until it has ended.
void run_alone(StreamRequest& request) {
    StreamRequests requests;
    requests.add(request);
    requests.run(os::monotonic_now() + answer_time_max, [&] { return request.ended(); });
    requests.remove(request);
}

RequestOptions direct_request(const DirectAddress& address, const std::string& target,
                              const PublicUrl& url) {
    RequestOptions options = address.request(target);
    options.user = url.user;
    options.password = url.password;
    return options;
}

RequestOptions proxied_request(const PublicUrl& url, bool checks_certificate) {
    RequestOptions options;
    options.url = url.address;
    options.user = url.user;
    options.password = url.password;
    options.checks_certificate = checks_certificate;
    return options;
}

// --- the direct address ---

/// The beginnings of the public path that ringcast may not see left out one after the other:
/// "/cam/door/stream", "/door/stream", "/stream".
std::vector<std::string> path_candidates(const std::string& path) {
    constexpr std::size_t candidates_max = 16;
    std::vector<std::string> candidates;
    for (std::size_t at = 0; at != std::string::npos && candidates.size() < candidates_max;
         at = path.find('/', at + 1)) {
        candidates.push_back(path.substr(at));
    }
    return candidates;
}

/// Finds the address and the path of the direct stream.
DirectAddress find_direct(const PublicUrl& url, const config::Config& config, ProxyFacts& facts) {
    for (const config::ListenConfig& listen : config.http.listen) {
        const Result<DirectAddress> found = direct_address(listen);
        if (!found) {
            facts.direct_failure.append(facts.direct_failure.empty() ? "" : "; ")
                .append(found.error().message);
            continue;
        }
        const DirectAddress& address = *found;
        for (const std::string& path : path_candidates(url.path)) {
            RequestOptions options = direct_request(address, with_query(path, url.query), url);
            options.head_only = true;
            StreamRequest request(options);
            run_alone(request);
            const StreamAnswer answer = request.answer();
            if (const std::string failure = failure_of(answer); !failure.empty()) {
                facts.direct_failure += fmt::format(
                    "{}{}: {}", facts.direct_failure.empty() ? "" : "; ", address.shown, failure);
                break;
            }
            if (facts.direct_address.empty() || answer.status != status_not_found) {
                facts.direct_address = address.shown;
                facts.direct_path = path;
                facts.direct = answer;
            }
            if (answer.status != status_not_found) {
                return address;
            }
        }
        if (!facts.direct_address.empty()) {
            return address; // without such a stream
        }
    }
    return {};
}

// --- status ---

/// The viewers that ringcast lists; nothing if it does not, because only administrators may see
/// them, or because there are too many.
std::optional<Viewers> list_viewers(const DirectAddress& address, const PublicUrl& url) {
    StreamRequest request(
        direct_request(address, with_query("/api/status", "viewers=100&" + url.query), url));
    run_alone(request);
    auto status =
        request.answer().status == status_ok ? api::read_status(request.body()) : std::nullopt;
    if (!status || status->viewers_next) {
        return std::nullopt;
    }
    return std::move(status->viewers);
}

/// The only viewer that is in `after` and not in `before`, apart from one at the address `own`.
std::optional<ViewerAddresses> new_viewer(const std::optional<Viewers>& before,
                                          std::optional<Viewers> after, std::string_view own) {
    if (!before || !after) {
        return std::nullopt;
    }
    std::erase_if(*after, [&](const api::ListedViewer& viewer) {
        return std::ranges::find(*before, viewer.id, &api::ListedViewer::id) != before->end();
    });
    const auto own_viewer = std::ranges::find(*after, own, &api::ListedViewer::address);
    if (own_viewer != after->end()) {
        after->erase(own_viewer);
    }
    return after->size() == 1
               ? std::optional(ViewerAddresses{after->front().address, after->front().proxy})
               : std::nullopt;
}

// --- streams ---

/// What is received at the same time.
class Comparison {
public:
    Comparison(const PublicUrl& url, const DirectAddress& direct, ProxyFacts& facts)
        : url_(url), direct_address_(direct), facts_(facts) {
        if (facts.direct.status == status_ok) {
            direct_ = std::make_unique<StreamRequest>(
                direct_request(direct, with_query(facts.direct_path, url.query), url));
            requests_.add(*direct_);
        }
    }

    /// Requests the stream, also from where a redirect leads that only adds TLS, and, if no secret
    /// is sent, over a connection with a certificate that is not valid.
    void request_through_proxy() {
        begin_through_proxy();
        const auto redirected = parse_public_url(through_->redirect());
        if (redirected && only_adds_tls(url_, *redirected)) {
            url_.address = redirected->address;
            url_.https = true;
            facts_.upgraded = true;
            begin_through_proxy();
        }
        const StreamAnswer answer = through_->answer();
        if (answer.no_answer == NoAnswer::certificate && !url_.has_credentials()) {
            facts_.certificate_problem = answer.detail;
            begin_through_proxy();
        }
        if (const std::string leads_to = through_->redirect(); !leads_to.empty()) {
            const auto parsed = parse_public_url(leads_to);
            facts_.redirect = parsed ? parsed->shown : "an address that is no URL";
        }
        facts_.https = url_.https;
        facts_.through = through_->answer();
        if (direct_) {
            facts_.direct = direct_->answer();
        }
    }

    /// True if frames arrive through the proxy.
    [[nodiscard]] bool has_frames() const noexcept { return through_->has_frames(); }

    void compare(const std::optional<Viewers>& viewers_before) {
        const Instant until = os::monotonic_now() + compare_time;
        requests_.run(until, [&] { return through_->ended(); });
        facts_.through = through_->answer();
        if (direct_) {
            facts_.direct = direct_->answer();
            facts_.own_address = through_->local_address();
            facts_.seen = new_viewer(viewers_before, list_viewers(direct_address_, url_),
                                     direct_->local_address());
        }
    }

    /// Beside the slow viewer only one stream is read, to compare with.
    void compare_slow_viewer() {
        RequestOptions options = proxied_request(url_, facts_.certificate_problem.empty());
        options.http_1_only = true;
        options.byte_rate = slow_byte_rate;
        StreamRequest slow(options);
        const bool direct = direct_ != nullptr && direct_->has_frames();
        if (direct) {
            requests_.remove(*through_);
        }
        SlowViewer& result = facts_.slow.emplace();
        result.began = os::monotonic_now();
        result.judged_from = result.began + slow_time - slow_time_judged;
        result.byte_rate = slow_byte_rate;
        requests_.add(slow);
        requests_.run(result.began + slow_time, [&] { return slow.ended(); });
        result.stream = slow.answer().stream;
        StreamAnswer& compared = direct ? facts_.direct : facts_.through;
        compared = direct ? direct_->answer() : through_->answer();
        requests_.remove(slow);
    }

private:
    /// Until the first frame, or until the answer has ended.
    void begin_through_proxy() {
        if (through_) {
            requests_.remove(*through_);
        }
        through_ = std::make_unique<StreamRequest>(
            proxied_request(url_, facts_.certificate_problem.empty()));
        requests_.add(*through_);
        requests_.run(os::monotonic_now() + answer_time_max,
                      [&] { return through_->ended() || through_->has_frames(); });
    }

    PublicUrl url_;
    const DirectAddress& direct_address_;
    ProxyFacts& facts_;
    StreamRequests requests_;
    std::unique_ptr<StreamRequest> direct_;
    std::unique_ptr<StreamRequest> through_;
};

} // namespace

ProxyFacts look_through_proxy(const PublicUrl& url, const config::Config& config,
                              const Progress& report_progress) {
    ProxyFacts facts;
    facts.url = url.shown;
    facts.host = url.host;
    facts.path = url.path;
    facts.has_credentials = url.has_credentials();
    const DirectAddress direct = find_direct(url, config, facts);
    const std::optional<Viewers> viewers =
        facts.direct_address.empty() ? std::nullopt : list_viewers(direct, url);

    report_progress(
        fmt::format("asking {}{}", url.shown,
                    facts.direct_address.empty() ? "" : " and " + facts.direct_address));
    Comparison comparison(url, direct, facts);
    comparison.request_through_proxy();
    if (!comparison.has_frames()) {
        return facts;
    }
    report_progress(fmt::format("comparing frames for {} s",
                                std::chrono::floor<std::chrono::seconds>(compare_time).count()));
    comparison.compare(viewers);
    if (byte_rate(reference(facts)) >= stream_byte_rate_min(slow_byte_rate)) {
        report_progress(fmt::format("reading slowly for {} s",
                                    std::chrono::floor<std::chrono::seconds>(slow_time).count()));
        comparison.compare_slow_viewer();
    }
    return facts;
}

} // namespace ringcast::app
