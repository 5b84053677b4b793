#include "upstream/upstream_source.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "http/header_value.hpp"
#include "http/via.hpp"
#include "upstream/failure_text.hpp"

namespace ringcast::upstream {

namespace {

constexpr std::string_view producer_name = "the upstream server";
constexpr std::string_view connecting_reason = "connecting to the upstream server";
constexpr std::size_t server_bytes_max = 64; ///< of the Server header, in status and log

/// Different for each process, because its id is random.
std::uint32_t delay_seed(std::string_view instance, std::string_view stream_name) noexcept {
    const std::hash<std::string_view> hash;
    return static_cast<std::uint32_t>(hash(instance) ^ (hash(stream_name) << 1U));
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace

UpstreamSource::UpstreamSource(io::Engine& engine, std::unique_ptr<io::Resolver> resolver,
                               std::string stream_name, UpstreamSettings settings)
    : engine_(engine), stream_name_(std::move(stream_name)), settings_(std::move(settings)),
      idle_time_(settings_.idle_after), silence_(settings_.timeout),
      delay_(delay_seed(settings_.instance, stream_name_)),
      target_(settings_.url, settings_.socket_path), connection_(engine, std::move(resolver)),
      authorization_(settings_.url.user, settings_.url.password),
      body_(engine, counters_, {stream_name_, producer_name}) {}

// --- the source's interface ---

void UpstreamSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    RINGCAST_ASSERT(state_ == State::idle);
    sink_ = &sink;
    stream_ = stream;
    if (settings_.on_demand) {
        rest();
        return;
    }
    sink_->signal_awaited(connecting_reason);
    guarded([this] { connect(); });
}

/// After a failed allocation the connection is given up, and made again later.
template <typename Handler>
void UpstreamSource::guarded(Handler handler) noexcept {
    try {
        handler();
    } catch (const std::bad_alloc&) {
        log_stream(LogLevel::warning, stream_name_, "out of memory for the upstream connection");
        if (state_ != State::ending) {
            reconnect_at_ = engine_.now() + delay_.next();
            end_connection(After::wait);
        }
    }
}

void UpstreamSource::on_completion(const io::Completion& completion) noexcept {
    guarded([&] { take(connection_.on_completion(completion)); });
}

void UpstreamSource::take(const Connection::Step& step) {
    if (state_ == State::ending) {
        settle();
        return;
    }
    switch (step.event) {
    case Connection::Event::none:
        break;
    case Connection::Event::connected:
        log_stream(LogLevel::debug, stream_name_, "connected to {} at {}",
                   http::without_secrets(target_.url()), connection_.peer());
        request();
        break;
    case Connection::Event::sent:
        state_ = State::reading_head;
        head_.begin();
        read_head();
        break;
    case Connection::Event::received:
        state_ == State::reading_head ? on_head_bytes(step.bytes) : on_body_bytes(step.bytes);
        break;
    case Connection::Event::ended:
    case Connection::Event::failed:
        on_connection_end(step.event == Connection::Event::failed);
        break;
    }
}

Instant UpstreamSource::deadline() const noexcept {
    switch (state_) {
    case State::idle:
    case State::ending:
    case State::stopped:
    case State::resting:
        return never;
    case State::connecting:
        return std::min({due_at_, connection_.deadline(), idle_at_});
    case State::reading_body:
        return std::min({silent_at(), body_.deadline(), slot_retry_at_, idle_at_});
    case State::waiting:
    case State::requesting:
    case State::reading_head:
    case State::polling:
        return std::min(due_at_, idle_at_);
    }
    return never;
}

void UpstreamSource::on_deadline(Instant now) noexcept {
    guarded([&] { take_deadline(now); });
}

void UpstreamSource::take_deadline(Instant now) {
    if (now < deadline()) {
        return;
    }
    if (now >= idle_at_) {
        end_connection(After::rest);
        return;
    }
    switch (state_) {
    case State::waiting:
        counters_.restarts += answer_.polled ? 0 : 1;
        connect();
        break;
    case State::polling:
        request();
        break;
    case State::connecting:
        if (now < due_at_) {
            take(connection_.on_deadline(now));
        } else {
            fail(connection_.looking_up()
                     ? "the name of the upstream server can't be looked up: no answer"
                     : connect_failure(ETIMEDOUT));
        }
        break;
    case State::requesting:
    case State::reading_head:
        connection_lost(fmt::format("the upstream server has not answered for {} s",
                                    seconds_text(settings_.timeout)));
        break;
    case State::reading_body:
        on_silence(now);
        break;
    case State::idle:
    case State::resting:
    case State::ending:
    case State::stopped:
        break;
    }
}

void UpstreamSource::set_watched(bool watched) noexcept {
    if (!settings_.on_demand) {
        return;
    }
    if (!watched) {
        const bool works = state_ == State::reading_body || state_ == State::polling;
        idle_at_ = engine_.now() + idle_time_.on_unwatched(counters_.frames, works);
        return;
    }
    idle_at_ = never;
    idle_time_.on_watched(engine_.now(), counters_.frames);
    if (state_ == State::resting || (state_ == State::waiting && !answer_.polled)) {
        sink_->signal_awaited(connecting_reason);
        guarded([this] { connect(); });
    } else if (state_ == State::ending && after_ == After::rest) {
        after_ = After::connect;
    }
}

void UpstreamSource::stop() noexcept {
    if (state_ != State::stopped) {
        end_connection(After::stop);
    }
}

std::optional<source::UpstreamStatus> UpstreamSource::upstream() const {
    source::UpstreamStatus status;
    status.address = target_.text();
    status.peer = connection_.peer();
    status.state = state_name();
    status.server = answer_.server;
    status.clock = body_.clock();
    status.via = answer_.via;
    status.connections = connection_.count();
    status.parts_without_signal = body_.parts_without_signal();
    return status;
}

std::string_view UpstreamSource::state_name() const noexcept {
    switch (state_) {
    case State::idle:
    case State::resting:
    case State::stopped:
        return "resting";
    case State::waiting:
    case State::ending:
        return answer_.polled ? "polling" : "waiting";
    case State::connecting:
        return answer_.polled ? "polling" : "connecting";
    case State::requesting:
    case State::reading_head:
        return answer_.polled ? "polling" : "requesting";
    case State::reading_body:
        return answer_.polled ? "polling" : "receiving";
    case State::polling:
        return "polling";
    }
    return {};
}

// --- the request and the head of its answer ---

void UpstreamSource::connect() {
    due_at_ = engine_.now() + settings_.timeout;
    reused_ = false;
    state_ = State::connecting;
    take(connection_.open(target_.server(), stream_));
}

void UpstreamSource::request() {
    requested_at_ = engine_.now();
    // The credentials are dropped by a redirect to another server.
    const http::Url& url = target_.url();
    request_ = request_text(url, settings_.version, settings_.instance,
                            url.user.empty() ? "" : authorization_.header("GET", url.target));
    state_ = State::requesting;
    due_at_ = requested_at_ + settings_.timeout;
    connection_.send(std::as_bytes(std::span(request_)));
}

void UpstreamSource::read_head() {
    connection_.receive(head_.free_space());
}

void UpstreamSource::on_head_bytes(std::size_t bytes) {
    switch (head_.consume(bytes)) {
    case http::ParseState::need_more:
        read_head();
        break;
    case http::ParseState::error:
        connection_lost(
            fmt::format("the upstream server's answer can't be read: {}", head_.error()));
        break;
    case http::ParseState::complete:
        on_answer();
        break;
    }
}

void UpstreamSource::on_answer() {
    const http::ResponseHead& head = head_.head();
    answer_.server = head.server.substr(0, server_bytes_max);
    answer_.via = http::parse_via(head.via);
    answer_.keep_alive = head.keep_alive;
    if (http::contains(answer_.via, settings_.instance)) {
        fail(status_failure(508), retry_after_max);
    } else if (head.status == 200) {
        begin_body();
    } else if (is_redirect(head.status) && !head.location.empty()) {
        follow_redirect(head.location);
    } else if (head.status == 401) {
        authorize();
    } else {
        const auto asked = std::chrono::seconds(head.retry_after_seconds.value_or(0));
        fail(status_failure(head.status), std::min<Duration>(asked, retry_after_max));
    }
}

void UpstreamSource::follow_redirect(std::string_view location) {
    if (!target_.may_redirect()) {
        fail("the upstream server redirects too often");
        return;
    }
    if (const auto redirected = target_.redirect(location); !redirected) {
        log_stream(LogLevel::warning, stream_name_,
                   "{} redirects to an address that can't be used: {}",
                   http::without_secrets(target_.url()), redirected.error().message);
        fail("the upstream server redirects to an address that can't be used");
        return;
    }
    end_connection(After::connect);
}

void UpstreamSource::authorize() {
    if (target_.url()
            .user.empty()) { // not configured, or not for the server that this one redirected to
        fail("the upstream server asks for a user name and password");
        return;
    }
    switch (authorization_.take(head_.head().challenges)) {
    case Authorization::Outcome::accepted:
        end_connection(After::connect);
        break;
    case Authorization::Outcome::unsupported:
        fail("the upstream server asks for a kind of authentication that is not supported: only "
             "Basic and Digest are");
        break;
    case Authorization::Outcome::refused:
        fail("the upstream server rejects the user name or password", ReconnectDelay::longest);
        break;
    }
}

// --- ending ---

/// The server may close a connection between two requests at any time, a router forget it, and a
/// picture be followed by bytes that are no answer.
void UpstreamSource::connection_lost(std::string_view reason) {
    if (reused_) {
        end_connection(After::connect);
    } else {
        fail(reason);
    }
}

void UpstreamSource::fail(std::string_view reason, Duration wait_min) {
    note_good_run();
    const Duration wait = std::max(delay_.next(), wait_min);
    reconnect_at_ = engine_.now() + wait;
    // Without the time, which differs with each attempt: then the same reason is logged once.
    sink_->signal_lost(fmt::format("{}; trying again", reason));
    begin_anew();
    end_connection(After::wait);
}

void UpstreamSource::note_good_run() noexcept {
    if (state_ == State::reading_body && body_.has_published() &&
        engine_.now() - connection_.connected_at() >= ReconnectDelay::good_run_min) {
        delay_.reset();
    }
}

/// The next connection is to the configured address, and nothing is known of its answer.
void UpstreamSource::begin_anew() {
    target_.reset();
    answer_.polled = false;
}

void UpstreamSource::end_connection(After after) noexcept {
    after_ = after;
    state_ = State::ending;
    due_at_ = never;
    slot_retry_at_ = never;
    connection_.close();
    guarded([this] { settle(); });
}

/// Goes on when the engine holds no operation of the connection any more.
void UpstreamSource::settle() {
    if (!connection_.closed()) {
        return;
    }
    body_.finish();
    body_.release();
    switch (after_) {
    case After::connect:
        connect();
        break;
    case After::wait:
        state_ = State::waiting;
        due_at_ = reconnect_at_;
        break;
    case After::rest:
        begin_anew();
        rest();
        break;
    case After::stop:
        state_ = State::stopped;
        break;
    }
}

void UpstreamSource::rest() noexcept {
    state_ = State::resting;
    idle_at_ = never;
    idle_time_.on_stopped();
    sink_->pause();
}

} // namespace ringcast::upstream
