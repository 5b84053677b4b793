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
constexpr std::string_view socket_host = "localhost"; ///< in requests to a UNIX socket
constexpr std::size_t server_bytes_max = 64;          ///< of the Server header, in status and log
constexpr std::size_t type_bytes_max = 64;            ///< of the type of an answer, in a reason

/// Different for each process, because its id is random.
std::uint32_t delay_seed(std::string_view instance, std::string_view stream_name) noexcept {
    const std::hash<std::string_view> hash;
    return static_cast<std::uint32_t>(hash(instance) ^ (hash(stream_name) << 1U));
}

/// "0.5", "4"
std::string seconds_text(Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    return seconds < 1 ? fmt::format("{:.1f}", seconds) : fmt::format("{:.0f}", seconds);
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

} // namespace

UpstreamSource::UpstreamSource(io::Engine& engine, std::unique_ptr<io::Resolver> resolver,
                               std::string stream_name, UpstreamSettings settings)
    : engine_(engine), resolver_(std::move(resolver)), stream_name_(std::move(stream_name)),
      settings_(std::move(settings)), idle_time_(settings_.idle_after), silence_(settings_.timeout),
      delay_(delay_seed(settings_.instance, stream_name_)), url_(settings_.url), dialer_(engine),
      authorization_(settings_.url.user, settings_.url.password),
      body_(engine, counters_, {stream_name_, producer_name}) {
    if (!settings_.socket_path.empty()) {
        settings_.url.host = socket_host;
        url_ = settings_.url;
    }
}

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
        log(LogLevel::warning, "stream {}: out of memory for the upstream connection",
            stream_name_);
        if (state_ != State::ending) {
            reconnect_at_ = engine_.now() + delay_.next();
            end_connection(After::wait);
        }
    }
}

void UpstreamSource::on_completion(const io::Completion& completion) noexcept {
    if (io::source_token_run(completion.token) == run_) {
        guarded([&] { take(completion); });
    }
}

void UpstreamSource::take(const io::Completion& completion) {
    const std::uint8_t operation = io::source_token_operation(completion.token);
    if (operation >= Operation::connect_first) {
        dialer_.on_completion(completion);
    } else if (operation == Operation::look_up) {
        looking_up_ = !resolver_->on_completion(completion);
    } else {
        in_flight_.reset();
    }
    switch (state_) {
    case State::resolving:
        on_looked_up();
        break;
    case State::connecting:
        on_dialed();
        break;
    case State::requesting:
        if (operation == Operation::send_request) {
            on_sent(completion.result);
        }
        break;
    case State::reading_head:
        if (operation == Operation::receive_bytes) {
            on_head_bytes(completion.result);
        }
        break;
    case State::reading_body:
        if (operation == Operation::receive_bytes) {
            on_body_bytes(completion.result);
        }
        break;
    case State::ending:
        settle();
        break;
    case State::idle:
    case State::resting:
    case State::waiting:
    case State::polling: // an attempt of the dialer has ended that was not needed
    case State::stopped:
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
        return std::min({due_at_, dialer_.deadline(), idle_at_});
    case State::reading_body:
        return std::min({silent_at(), body_.deadline(), slot_retry_at_, idle_at_});
    case State::waiting:
    case State::resolving:
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
        counters_.restarts += polls_ ? 0 : 1;
        connect();
        break;
    case State::polling:
        request();
        break;
    case State::resolving:
        fail("the name of the upstream server can't be looked up: no answer");
        break;
    case State::connecting:
        if (now >= due_at_) {
            fail(connect_failure(ETIMEDOUT));
        } else {
            dialer_.on_deadline(now);
            on_dialed();
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
    if (state_ == State::resting || (state_ == State::waiting && !polls_)) {
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
    status.address = settings_.socket_path.empty() ? http::without_secrets(settings_.url)
                                                   : "unix:" + settings_.socket_path;
    status.peer = socket_ >= 0 ? peer_ : "";
    status.state = state_name();
    status.server = server_;
    status.clock = body_.clock();
    status.via = via_;
    status.connections = connections_;
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
        return polls_ ? "polling" : "waiting";
    case State::resolving:
    case State::connecting:
        return polls_ ? "polling" : "connecting";
    case State::requesting:
    case State::reading_head:
        return polls_ ? "polling" : "requesting";
    case State::reading_body:
        return polls_ ? "polling" : "receiving";
    case State::polling:
        return "polling";
    }
    return {};
}

io::OpToken UpstreamSource::token(std::uint8_t operation) const noexcept {
    return io::source_token(stream_, operation, run_);
}

// --- connecting ---

void UpstreamSource::connect() {
    ++run_;
    due_at_ = engine_.now() + settings_.timeout;
    reused_ = false;
    if (!settings_.socket_path.empty()) {
        state_ = State::connecting;
        dial(resolver_->unix_address(settings_.socket_path));
        return;
    }
    state_ = State::resolving;
    resolver_->resolve(token(Operation::look_up), url_.host, url_.port);
    looking_up_ = true;
}

void UpstreamSource::on_looked_up() {
    if (looking_up_) {
        return;
    }
    if (resolver_->addresses().empty()) {
        fail(fmt::format("the name of the upstream server can't be looked up: {}",
                         resolver_->error()));
        return;
    }
    state_ = State::connecting;
    dial(resolver_->addresses());
}

void UpstreamSource::dial(std::span<const io::SocketAddress> addresses) {
    if (addresses.empty()) {
        fail("the path of the upstream server's socket is too long");
        return;
    }
    dialer_.begin(addresses, stream_, Operation::connect_first, run_);
    on_dialed();
}

void UpstreamSource::on_dialed() {
    if (!dialer_.connected()) {
        if (dialer_.idle()) {
            fail(connect_failure(dialer_.error_number()));
        }
        return;
    }
    socket_ = dialer_.take_socket();
    transport_ = dialer_.address().transport;
    peer_ = resolver_->text_of(dialer_.address());
    connected_at_ = engine_.now();
    ++connections_;
    log(LogLevel::debug, "stream {}: connected to {} at {}", stream_name_,
        http::without_secrets(url_), peer_);
    request();
}

// --- the request and the head of its answer ---

void UpstreamSource::request() {
    requested_at_ = engine_.now();
    // The type that is named first is not a picture's, so a ringcast takes this for no <img>.
    request_ =
        fmt::format("GET {} HTTP/1.1\r\n"
                    "Host: {}\r\n"
                    "User-Agent: ringcast/{}\r\n"
                    "Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.5\r\n"
                    "X-Ringcast-Via: {}\r\n",
                    url_.target, http::authority(url_), settings_.version, settings_.instance);
    if (!url_.user.empty()) { // a redirect to another server has dropped it
        if (const std::string answer = authorization_.header("GET", url_.target); !answer.empty()) {
            request_ += fmt::format("Authorization: {}\r\n", answer);
        }
    }
    request_ += "\r\n";
    sent_ = 0;
    state_ = State::requesting;
    due_at_ = requested_at_ + settings_.timeout;
    send_on();
}

void UpstreamSource::send_on() noexcept {
    const ConstByteSpan rest = std::as_bytes(std::span(request_)).subspan(sent_);
    engine_.send(token(Operation::send_request), socket_, rest,
                 {.wait_all = transport_ == io::Transport::tcp, .more_follows = false});
    in_flight_ = Operation::send_request;
}

void UpstreamSource::on_sent(std::int32_t result) {
    if (result == -EINTR || result == -EAGAIN) {
        send_on();
        return;
    }
    if (result <= 0) {
        connection_lost(connection_failure(-result));
        return;
    }
    sent_ += static_cast<std::size_t>(result);
    if (sent_ < request_.size()) {
        send_on();
        return;
    }
    state_ = State::reading_head;
    head_.begin();
    read_head();
}

void UpstreamSource::read_head() {
    engine_.receive(token(Operation::receive_bytes), socket_, head_.free_space());
    in_flight_ = Operation::receive_bytes;
}

void UpstreamSource::on_head_bytes(std::int32_t result) {
    if (result == -EINTR || result == -EAGAIN) {
        read_head();
        return;
    }
    if (result <= 0) {
        connection_lost(result == 0 ? "the upstream server closed the connection without an answer"
                                    : connection_failure(-result));
        return;
    }
    switch (head_.consume(static_cast<std::size_t>(result))) {
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
    server_ = head.server.substr(0, server_bytes_max);
    via_ = http::parse_via(head.via);
    if (http::contains(via_, settings_.instance)) {
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
    if (++redirects_ > redirects_max) {
        fail("the upstream server redirects too often");
        return;
    }
    auto target = http::redirected(url_, location);
    if (target && !settings_.socket_path.empty() &&
        http::authority(*target) != http::authority(url_)) {
        target = ringcast::fail(
            fmt::format("{} is not behind the UNIX socket", http::without_secrets(*target)));
    }
    if (!target) {
        log(LogLevel::warning, "stream {}: {} redirects to an address that can't be used: {}",
            stream_name_, http::without_secrets(url_), target.error().message);
        fail("the upstream server redirects to an address that can't be used");
        return;
    }
    url_ = std::move(*target);
    end_connection(After::connect);
}

void UpstreamSource::authorize() {
    if (url_.user.empty()) { // not configured, or not for the server that this one redirected to
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

// --- the body ---

void UpstreamSource::begin_body() {
    const http::ResponseHead& head = head_.head();
    const std::string type = http::media_type(head.content_type);
    if (!may_contain_frames(type)) {
        fail(fmt::format("the upstream server sends {} instead of pictures",
                         std::string_view(type).substr(0, type_bytes_max)));
        return;
    }
    keep_alive_ = head.keep_alive;
    state_ = State::reading_body;
    due_at_ = never;
    slot_retry_at_ = never;
    silence_.begin(engine_.now());
    if (!polls_) {
        log(LogLevel::info, "stream {}: receives from {}{}", stream_name_,
            http::without_secrets(url_), server_.empty() ? "" : fmt::format(" ({})", server_));
    }
    seen_before_ = body_.parts_without_signal();
    body_.begin(*sink_, head, polls_);
    body_.take(head_.rest());
    note_progress();
    read_body();
}

void UpstreamSource::read_body() {
    if (state_ != State::reading_body) {
        return; // it has just been given up
    }
    if (!body_.reading()) {
        on_body_end();
        return;
    }
    const auto receive = body_.next_receive();
    if (!receive) {
        slot_retry_at_ = engine_.now() + slot_retry_time;
        silence_.excuse(engine_.now());
        return;
    }
    slot_retry_at_ = never;
    if (receive->all) {
        engine_.receive_all(token(Operation::receive_bytes), socket_, receive->into);
    } else {
        engine_.receive(token(Operation::receive_bytes), socket_, receive->into);
    }
    in_flight_ = Operation::receive_bytes;
}

void UpstreamSource::on_body_bytes(std::int32_t result) {
    if (result > 0) {
        body_.take_received(static_cast<std::size_t>(result));
        note_progress();
    } else if (result != -EINTR && result != -EAGAIN) {
        body_.finish();
        note_progress();
        if (result < 0) {
            fail(connection_failure(-result));
            return;
        }
    }
    read_body();
}

/// Frames keep the connection alive, and so do "no signal" pictures: the server does its best.
void UpstreamSource::note_progress() {
    const std::uint64_t seen = body_.frames_seen() + body_.parts_without_signal();
    if (std::exchange(seen_before_, seen) != seen) {
        silence_.on_frame(engine_.now());
    }
    const Instant now = engine_.now();
    if (now - body_.no_signal_since() >= no_signal_max && body_.no_signal_since() != never) {
        end_connection(After::connect);
    }
}

void UpstreamSource::on_body_end() {
    const bool pictures = body_.frames_seen() > 0 || body_.no_signal_since() != never;
    if (pictures && body_.single_picture()) {
        wait_for_poll();
    } else if (pictures) {
        // The stream keeps its signal while this takes no longer than a frame may.
        log(LogLevel::info, "stream {}: the upstream server ended the stream; connecting again",
            stream_name_);
        const bool too_soon = engine_.now() - connected_at_ < ReconnectDelay::first;
        note_good_run();
        reconnect_at_ = engine_.now() + (too_soon ? delay_.next() : Duration::zero());
        begin_anew();
        end_connection(After::wait);
    } else {
        fail("the upstream server's answer ended without a picture");
    }
}

/// The connection is kept if the server allows it.
void UpstreamSource::wait_for_poll() {
    delay_.reset();
    redirects_ = 0;
    polls_ = true;
    reused_ = true;
    const Instant next = requested_at_ + settings_.poll;
    body_.release();
    if (keep_alive_ && body_.complete()) {
        state_ = State::polling;
        due_at_ = next;
    } else {
        reconnect_at_ = next;
        end_connection(After::wait);
    }
}

Instant UpstreamSource::silent_at() const noexcept {
    const auto slow = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
        static_cast<double>(body_.frame_bytes()) / static_cast<double>(bytes_per_second_min)));
    return silence_.deadline() + slow;
}

void UpstreamSource::on_silence(Instant now) {
    body_.report_trouble(now);
    if (now >= slot_retry_at_) {
        read_body();
    } else if (now >= silent_at()) {
        std::string reason = fmt::format("no frame from the upstream server for {} s",
                                         seconds_text(silence_.on_restart()));
        if (const std::string_view instead = body_.received_instead(); !instead.empty()) {
            reason += fmt::format(", only {}", instead);
        }
        fail(reason);
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
        engine_.now() - connected_at_ >= ReconnectDelay::good_run_min) {
        delay_.reset();
    }
}

/// The next connection is to the configured address, and nothing is known of its answer.
void UpstreamSource::begin_anew() {
    url_ = settings_.url;
    redirects_ = 0;
    polls_ = false;
}

void UpstreamSource::end_connection(After after) noexcept {
    after_ = after;
    state_ = State::ending;
    due_at_ = never;
    slot_retry_at_ = never;
    resolver_->cancel();
    dialer_.cancel();
    if (in_flight_ && !cancelled_) {
        cancelled_ = true;
        engine_.cancel(io::OpToken{}, token(*in_flight_));
    }
    guarded([this] { settle(); });
}

/// Goes on when the engine holds no operation of the connection any more.
void UpstreamSource::settle() {
    if (looking_up_ || in_flight_ || !dialer_.idle()) {
        return;
    }
    cancelled_ = false;
    if (const int socket = std::exchange(socket_, -1); socket >= 0) {
        engine_.close(io::OpToken{}, socket);
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
