#include "app/stream_request.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <curl/curl.h>
#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/printable.hpp"
#include "http/field_syntax.hpp"
#include "http/header_value.hpp"
#include "http/letter_case.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

/// Of a body that is no stream: /api/status with 100 viewers has 50 KB, and up to 100 KB with
/// streams.
constexpr std::size_t body_bytes_max = 1024UL * 1024UL;
constexpr std::size_t header_count_max = 100;
constexpr std::size_t header_value_bytes_max = 1000;
constexpr std::size_t text_bytes_max = 300;
constexpr long connect_milliseconds_max = 5000;
/// Of a slow request: what libcurl passes on at once fits.
constexpr std::uint64_t credit_max = 2UL * CURL_MAX_WRITE_SIZE;
constexpr int status_of_stream = 200;

using Easy = std::unique_ptr<CURL, void (*)(CURL*)>;
using Multi = std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)>;

long info_number(CURL* easy, CURLINFO info) noexcept {
    long value = 0;
    ::curl_easy_getinfo(easy, info, &value);
    return value;
}

std::string info_text(CURL* easy, CURLINFO info) {
    const char* text = nullptr;
    ::curl_easy_getinfo(easy, info, &text);
    return text == nullptr ? std::string() : text;
}

Duration info_time(CURL* easy, CURLINFO info) noexcept {
    curl_off_t microseconds = 0;
    ::curl_easy_getinfo(easy, info, &microseconds);
    return std::chrono::microseconds(microseconds);
}

int http_version(CURL* easy) noexcept {
    const long version = info_number(easy, CURLINFO_HTTP_VERSION);
    return version == CURL_HTTP_VERSION_2_0 ? 2 : version == CURL_HTTP_VERSION_3 ? 3 : 1;
}

NoAnswer reason_for(CURLcode code, long system_error) noexcept {
    switch (static_cast<int>(code)) { // libcurl adds values
    case CURLE_COULDNT_RESOLVE_HOST:
        return NoAnswer::name_not_found;
    case CURLE_COULDNT_CONNECT:
        return system_error == ECONNREFUSED ? NoAnswer::refused : NoAnswer::unreachable;
    case CURLE_OPERATION_TIMEDOUT: // of connecting, as no other is set
        return NoAnswer::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return NoAnswer::certificate;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_USE_SSL_FAILED:
        return NoAnswer::no_tls;
    default:
        return NoAnswer::no_http;
    }
}

/// The text behind "SSL certificate problem: " and the like.
std::string_view without_preface(std::string_view text) noexcept {
    for (const std::string_view preface : {"SSL certificate problem: ", "SSL: "}) {
        if (text.starts_with(preface)) {
            text.remove_prefix(preface.size());
        }
    }
    return text;
}

} // namespace

struct StreamRequest::State {
    explicit State(const RequestOptions& requested)
        : options(requested), easy(::curl_easy_init(), &::curl_easy_cleanup) {
        RINGCAST_ASSERT(easy != nullptr);
    }

    // libcurl calls these. The size of an element is always 1.
    static std::size_t take_header(char* data, std::size_t /*size*/, std::size_t bytes,
                                   void* state) noexcept {
        static_cast<State*>(state)->header({data, bytes});
        return bytes;
    }
    static std::size_t take_body(char* data, std::size_t /*size*/, std::size_t bytes,
                                 void* state) noexcept {
        State& own = *static_cast<State*>(state);
        if (own.options.byte_rate > 0) {
            if (own.credit < bytes) {
                own.paused = true;
                return CURL_WRITEFUNC_PAUSE;
            }
            own.credit -= bytes;
        }
        return own.receive({data, bytes}) ? bytes : 0;
    }

    /// Lets a slow request go on as far as its rate permits. libcurl's own limit pauses for seconds,
    /// after which much is read at once, and the kernel's receive buffer grows.
    void grant(Instant now) {
        const double seconds = std::chrono::duration<double>(now - granted_at).count();
        const auto granted =
            static_cast<std::uint64_t>(static_cast<double>(options.byte_rate) * seconds);
        if (granted == 0) {
            return;
        }
        granted_at = now;
        credit = std::min<std::uint64_t>(credit + granted, credit_max);
        if (paused && credit >= CURL_MAX_WRITE_SIZE) {
            paused = false;
            ::curl_easy_pause(easy.get(), CURLPAUSE_CONT);
        }
    }

    void header(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (line.starts_with("HTTP/")) {
            headers.clear(); // those of a 1xx answer
        } else if (colon != std::string_view::npos && headers.size() < header_count_max) {
            const std::size_t end = line.find_last_not_of("\r\n") + 1;
            std::string value = printable_text(http::trimmed(
                line.substr(colon + 1, std::min(end - colon - 1, header_value_bytes_max))));
            std::string name = http::lower_case(line.substr(0, colon));
            const auto same = std::ranges::find(headers, name, &AnswerHeader::name);
            if (same == headers.end()) {
                headers.push_back({std::move(name), std::move(value)});
            } else {
                same->value.append(", ").append(value); // RFC 9110, 5.3
            }
        }
    }

    /// False when enough of the body has been received.
    bool receive(std::string_view data) {
        if (!recorder && body.empty()) {
            const auto type = std::ranges::find(headers, "content-type", &AnswerHeader::name);
            if (type != headers.end() &&
                info_number(easy.get(), CURLINFO_RESPONSE_CODE) == status_of_stream &&
                http::media_type(type->value).starts_with("multipart/")) {
                recorder.emplace(http::parameter(type->value, "boundary").value_or(""));
            }
        }
        if (recorder) {
            recorder->take(as_bytes(data), os::monotonic_now());
            return true;
        }
        body.append(data.substr(0, body_bytes_max - body.size()));
        return body.size() < body_bytes_max;
    }

    RequestOptions options;
    Easy easy;
    std::array<char, CURL_ERROR_SIZE> error_text{};
    std::optional<CURLcode> result; ///< when it has ended
    std::vector<AnswerHeader> headers;
    std::optional<StreamRecorder> recorder;
    std::string body;
    // Of a slow request.
    std::uint64_t credit = 0; ///< bytes that it may read now
    Instant granted_at = os::monotonic_now();
    bool paused = false;
};

StreamRequest::StreamRequest(const RequestOptions& options)
    : state_(std::make_unique<State>(options)) {
    CURL* const easy = state_->easy.get();
    const RequestOptions& own = state_->options;
    const auto set = [easy](CURLoption option, auto value) {
        ::curl_easy_setopt(easy, option, value);
    };
    set(CURLOPT_URL, own.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, ""); // not that of the environment
    set(CURLOPT_USERAGENT, "ringcast/" RINGCAST_VERSION);
    set(CURLOPT_ACCEPT_ENCODING, ""); // all that libcurl can decode, as browsers do
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_milliseconds_max);
    set(CURLOPT_ERRORBUFFER, state_->error_text.data());
    set(CURLOPT_HEADERFUNCTION, &State::take_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(state_.get()));
    set(CURLOPT_WRITEFUNCTION, &State::take_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(state_.get()));
    set(CURLOPT_PRIVATE, static_cast<void*>(state_.get()));
    if (!own.user.empty()) {
        set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        set(CURLOPT_USERNAME, own.user.c_str());
        set(CURLOPT_PASSWORD, own.password.c_str());
    }
    if (!own.socket_path.empty()) {
        set(CURLOPT_UNIX_SOCKET_PATH, own.socket_path.c_str());
    }
    set(CURLOPT_NOBODY, own.head_only ? 1L : 0L);
    set(CURLOPT_HAPROXYPROTOCOL, own.proxy_protocol ? 1L : 0L);
    if (!own.checks_certificate) {
        set(CURLOPT_SSL_VERIFYPEER, 0L);
        set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (own.http_1_only) {
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    }
}

StreamRequest::~StreamRequest() = default;

bool StreamRequest::ended() const noexcept {
    return state_->result.has_value();
}

bool StreamRequest::has_frames() const noexcept {
    return state_->recorder && !state_->recorder->record().frames.empty();
}

StreamAnswer StreamRequest::answer() const {
    CURL* const easy = state_->easy.get();
    StreamAnswer answer;
    answer.status = static_cast<int>(info_number(easy, CURLINFO_RESPONSE_CODE));
    if (answer.status == 0) {
        const CURLcode code = state_->result.value_or(CURLE_OPERATION_TIMEDOUT);
        const long system_error = info_number(easy, CURLINFO_OS_ERRNO);
        answer.no_answer = ended() ? reason_for(code, system_error) : NoAnswer::timed_out;
        if (answer.no_answer == NoAnswer::unreachable && system_error != 0) {
            answer.detail = std::strerror(static_cast<int>(system_error));
        } else if (answer.no_answer == NoAnswer::certificate ||
                   answer.no_answer == NoAnswer::no_tls) {
            answer.detail = printable_text(without_preface(state_->error_text.data()));
        } else if (answer.no_answer == NoAnswer::no_http) {
            answer.detail = ::curl_easy_strerror(code);
        }
        return answer;
    }
    answer.http_version = http_version(easy);
    answer.headers = state_->headers;
    answer.text = printable_text(std::string_view(state_->body)
                                     .substr(0, std::min(state_->body.find('\n'), text_bytes_max)));
    answer.round_trip =
        info_time(easy, CURLINFO_CONNECT_TIME_T) - info_time(easy, CURLINFO_NAMELOOKUP_TIME_T);
    if (state_->recorder) {
        answer.stream = state_->recorder->record();
    }
    return answer;
}

const std::string& StreamRequest::body() const noexcept {
    return state_->body;
}

std::string StreamRequest::redirect() const {
    return info_text(state_->easy.get(), CURLINFO_REDIRECT_URL);
}

std::string StreamRequest::local_address() const {
    if (!state_->options.socket_path.empty()) {
        return "unix";
    }
    const std::string ip = info_text(state_->easy.get(), CURLINFO_LOCAL_IP);
    const bool ipv6 = ip.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", ip, ipv6 ? "]" : "",
                       info_number(state_->easy.get(), CURLINFO_LOCAL_PORT));
}

struct StreamRequests::State {
    Multi multi{::curl_multi_init(), &::curl_multi_cleanup};
    std::vector<StreamRequest::State*> slow;

    void note_ended() {
        int left = 0;
        while (const CURLMsg* const message = ::curl_multi_info_read(multi.get(), &left)) {
            if (message->msg == CURLMSG_DONE) {
                StreamRequest::State* request = nullptr;
                ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
                request->result = message->data.result;
            }
        }
    }
};

StreamRequests::StreamRequests() : state_(std::make_unique<State>()) {
    RINGCAST_ASSERT(state_->multi != nullptr);
}

StreamRequests::~StreamRequests() = default;

void StreamRequests::add(StreamRequest& request) {
    ::curl_multi_add_handle(state_->multi.get(), request.state_->easy.get());
    if (request.state_->options.byte_rate > 0) {
        request.state_->granted_at = os::monotonic_now();
        state_->slow.push_back(request.state_.get());
    }
}

void StreamRequests::remove(StreamRequest& request) {
    ::curl_multi_remove_handle(state_->multi.get(), request.state_->easy.get());
    std::erase(state_->slow, request.state_.get());
}

void StreamRequests::run(Instant until, const std::function<bool()>& done) {
    constexpr Duration wait_max = std::chrono::milliseconds(20); // between two grants
    while (!done()) {
        const Instant now = os::monotonic_now();
        if (now >= until) {
            return;
        }
        for (StreamRequest::State* const slow : state_->slow) {
            slow->grant(now);
        }
        int running = 0;
        const auto wait =
            std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(until - now, wait_max));
        if (::curl_multi_perform(state_->multi.get(), &running) != CURLM_OK) {
            return;
        }
        state_->note_ended();
        if (running == 0 || done()) {
            return;
        }
        ::curl_multi_poll(state_->multi.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
}

} // namespace ringcast::app
