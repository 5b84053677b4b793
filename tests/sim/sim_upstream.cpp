#include "sim/sim_upstream.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view boundary = "simboundary";
/// The stream of pictures that must never reach a viewer.
constexpr io::StreamId nobody{0xFFFF, 0xFFFF};
constexpr std::uint64_t misfortune_interval = 12; ///< frames, on average
constexpr std::uint64_t signal_interval = 40;
constexpr std::uint64_t answer_misfortune_interval = 6;
constexpr std::uint64_t lookup_ms_max = 40;
constexpr std::size_t number_at = 2; ///< in an address, behind the family
constexpr std::size_t garbage_bytes_max = 3000;

ConstByteSpan as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string timestamp(WallTime time) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    return fmt::format("{}.{:06}", microseconds / 1'000'000, microseconds % 1'000'000);
}

upstream::UpstreamSettings settings_of(const UpstreamSetup& setup, std::uint8_t number) {
    upstream::UpstreamSettings settings;
    settings.url.host = fmt::format("s{}.sim", number);
    settings.url.target = "/stream";
    settings.poll = setup.period;
    settings.timeout = setup.timeout;
    settings.on_demand = setup.on_demand;
    settings.idle_after = setup.idle_after;
    settings.instance = fmt::format("edge{}", number);
    settings.version = "sim";
    if (setup.link.transport == io::Transport::unix_socket) {
        settings.socket_path = "/sim";
    }
    return settings;
}

bool chunked(Framing framing) {
    return framing == Framing::parts_chunked || framing == Framing::run_chunked;
}
bool multipart(Framing framing) {
    return framing == Framing::parts || framing == Framing::parts_chunked ||
           framing == Framing::parts_without_length;
}

} // namespace

// --- the server's end of a connection ---

void SimServerEnd::on_readable(SimConnection& connection) {
    const ConstByteSpan bytes = connection.client_take(connection.client_readable());
    request_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!answering_ && request_.find("\r\n\r\n") != std::string::npos) {
        request_.clear();
        answering_ = true;
        ++server_.requests_;
        answer();
    }
}

void SimServerEnd::on_end(SimConnection& connection) {
    gone_ = true;
    connection.client_close();
}

void SimServerEnd::reset() {
    if (!gone_) {
        gone_ = true;
        connection_->client_reset();
    }
}

void SimServerEnd::close() {
    if (!gone_) {
        gone_ = true;
        connection_->client_close();
    }
}

void SimServerEnd::write(std::string_view bytes) {
    if (!gone_) {
        connection_->client_write(as_bytes(bytes));
    }
}

void SimServerEnd::answer() {
    Decisions& decisions = server_.engine_.decisions();
    const UpstreamSetup& setup = server_.setup_;
    if (setup.misbehaves && decisions.once_in(answer_misfortune_interval)) {
        constexpr std::string_view end = "Content-Length: 0\r\n\r\n";
        switch (decisions.below(6)) {
        case 0:
            server_.note(FaultKind::upstream_refused);
            write(fmt::format("HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n{}", end));
            break;
        case 1:
            server_.note(FaultKind::upstream_redirected);
            write(fmt::format("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n{}", end));
            break;
        case 2:
            server_.note(FaultKind::upstream_wrong_type);
            write(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{}", end));
            break;
        case 3: {
            server_.note(FaultKind::upstream_garbage);
            std::string garbage(decisions.between(1, garbage_bytes_max), '\0');
            for (char& letter : garbage) {
                letter = static_cast<char>(decisions.below(256));
            }
            write(garbage);
            break;
        }
        case 4:
            server_.note(FaultKind::upstream_silent);
            break;
        default:
            server_.note(FaultKind::upstream_closed);
            close();
            break;
        }
        answering_ = false; // of these connections, nothing more is asked
        return;
    }
    std::string head = "HTTP/1.1 200 OK\r\nServer: sim\r\n";
    head += setup.ringcast ? "X-Ringcast-Via: origin\r\n" : "";
    if (chunked(setup.framing)) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    if (multipart(setup.framing)) {
        head += fmt::format("Content-Type: multipart/x-mixed-replace; boundary={}\r\n", boundary);
    } else if (setup.framing != Framing::single) {
        head += "Content-Type: video/x-motion-jpeg\r\n";
    }
    if (setup.framing == Framing::single) {
        const std::string frame = server_.make_frame(server_.stream_);
        write(fmt::format("{}Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n{}", head,
                          frame.size(), frame));
        answering_ = false;
        return;
    }
    write(head + "\r\n");
    if (multipart(setup.framing)) {
        write_body(fmt::format("--{}\r\n", boundary));
    }
    send_frame();
}

void SimServerEnd::write_body(std::string_view bytes) {
    if (!chunked(server_.setup_.framing)) {
        write(bytes);
        return;
    }
    Decisions& decisions = server_.engine_.decisions();
    while (!bytes.empty()) { // chunks end anywhere
        constexpr std::size_t usual_bytes = 1000;
        const std::size_t count = decisions.undecided() ? decisions.between(1, bytes.size())
                                                        : std::min(usual_bytes, bytes.size());
        write(fmt::format("{:x}\r\n{}\r\n", count, bytes.substr(0, count)));
        bytes.remove_prefix(count);
    }
}

/// Ends or spoils the connection in the middle of a frame.
bool SimServerEnd::misfortune() {
    Decisions& decisions = server_.engine_.decisions();
    if (!server_.setup_.misbehaves || !decisions.once_in(misfortune_interval)) {
        return false;
    }
    const std::string frame = server_.make_frame(server_.stream_);
    std::string head;
    if (multipart(server_.setup_.framing)) {
        head = fmt::format("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", frame.size());
    }
    const std::size_t cut = decisions.below(head.size() + frame.size());
    const std::string begun = (head + frame).substr(0, cut);
    switch (decisions.below(5)) {
    case 0:
        server_.note(FaultKind::upstream_reset_midway);
        write_body(begun);
        reset();
        return true;
    case 1:
        server_.note(FaultKind::upstream_closed_midway);
        write_body(begun);
        close();
        return true;
    case 2:
        server_.note(FaultKind::upstream_silent_midway);
        write_body(begun);
        vanish();
        return true;
    case 3:
        if (!multipart(server_.setup_.framing)) {
            return false;
        }
        server_.note(FaultKind::upstream_wrong_length);
        write_body(
            fmt::format("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n{}\r\n--{}\r\n",
                        decisions.below(2 * frame.size()), frame, boundary));
        return false;
    default:
        server_.note(FaultKind::upstream_damaged);
        write_body(head + frame.substr(0, frame.size() / 2));
        if (multipart(server_.setup_.framing)) {
            write_body(fmt::format("{}\r\n--{}\r\n",
                                   frame.substr(0, frame.size() - frame.size() / 2), boundary));
        }
        return false;
    }
}

void SimServerEnd::send_frame() {
    if (gone_ || server_.down_ || misfortune()) {
        return;
    }
    const Framing framing = server_.setup_.framing;
    const UpstreamSetup& setup = server_.setup_;
    if (setup.misbehaves && setup.ringcast &&
        server_.engine_.decisions().once_in(signal_interval)) {
        server_.lose_signal(server_.no_signal_reason_.empty() ? "unplugged" : "");
    }
    const bool no_signal = !server_.no_signal_reason_.empty() && multipart(framing) &&
                           framing != Framing::parts_without_length;
    const std::string frame = server_.make_frame(no_signal ? nobody : server_.stream_);
    if (!multipart(framing)) {
        write_body(frame);
        next_frame();
        return;
    }
    std::string head = "Content-Type: image/jpeg\r\n";
    if (framing != Framing::parts_without_length) {
        head += fmt::format("Content-Length: {}\r\n", frame.size());
    }
    head += fmt::format("X-Timestamp: {}\r\n", timestamp(server_.engine_.wall_now()));
    if (no_signal) {
        server_.note(FaultKind::upstream_no_signal);
        head += fmt::format("X-Ringcast-Signal: none\r\nX-Ringcast-Reason: {}\r\n",
                            server_.no_signal_reason_);
    }
    write_body(fmt::format("{}\r\n{}\r\n--{}\r\n", head, frame, boundary));
    next_frame();
}

void SimServerEnd::next_frame() {
    server_.engine_.events().after(server_.setup_.period, [this] { send_frame(); });
}

// --- names ---

void SimResolver::add_address(std::uint8_t family, io::Transport transport) {
    io::SocketAddress address;
    address.bytes[0] = std::byte{family};
    address.bytes[number_at] = std::byte{number_};
    address.length = number_at + 1;
    address.transport = transport;
    addresses_.push_back(address);
}

void SimResolver::resolve(io::OpToken token, const std::string&, std::uint16_t) {
    Decisions& decisions = engine_.decisions();
    RINGCAST_ASSERT(event_ < 0);
    token_ = token;
    finished_ = false;
    cancelled_ = false;
    addresses_.clear();
    error_.clear();
    event_ = engine_.open_event();
    engine_.read(token_, event_, event_count_);
    if (engine_.faulty() && decisions.choose(FaultKind::lookup_unanswered)) {
        return; // until it is given up
    }
    if (engine_.faulty() && decisions.choose(FaultKind::lookup_failed)) {
        error_ = "Name or service not known";
    } else {
        for (std::uint64_t i = decisions.between(1, 3); i > 0; --i) {
            add_address(static_cast<std::uint8_t>(i % 2 + 1), io::Transport::tcp);
        }
    }
    const std::uint64_t lookup = ++lookup_;
    engine_.events().after(milliseconds(decisions.below(lookup_ms_max)), [this, lookup] {
        if (event_ >= 0 && lookup == lookup_) {
            finished_ = true;
            engine_.signal(event_);
        }
    });
}

std::span<const io::SocketAddress> SimResolver::unix_address(const std::string&) {
    addresses_.clear();
    add_address(1, io::Transport::unix_socket);
    return addresses_;
}

void SimResolver::cancel() noexcept {
    if (event_ >= 0 && !cancelled_) {
        cancelled_ = true;
        engine_.cancel({}, token_);
    }
}

bool SimResolver::on_completion(const io::Completion& completion) noexcept {
    if (!cancelled_ && !finished_) {
        RINGCAST_ASSERT(completion.result == -EINTR || completion.result == -EAGAIN);
        engine_.read(token_, event_, event_count_);
        return false;
    }
    if (cancelled_) {
        addresses_.clear();
    }
    engine_.close({}, std::exchange(event_, -1));
    return true;
}

// --- the server ---

SimUpstream::SimUpstream(SimEngine& engine, FrameLog& log, UpstreamSetup setup, std::uint8_t number)
    : SimProducer(engine, log, setup.period, false), setup_(std::move(setup)),
      source_(engine, std::make_unique<SimResolver>(engine, number), fmt::format("s{}", number),
              settings_of(setup_, number)) {}

void SimUpstream::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    stream_ = stream;
    source_.start(sink, stream);
}

std::uint8_t SimUpstream::number_of(const io::SocketAddress& address) noexcept {
    return static_cast<std::uint8_t>(address.bytes[number_at]);
}

SimEngine::Server SimUpstream::accept() {
    if (down_) {
        return {setup_.link, nullptr};
    }
    ends_.push_back(std::make_unique<SimServerEnd>(*this));
    return {setup_.link, ends_.back().get()};
}

void SimUpstream::go_down() {
    down_ = true;
    for (const auto& end : ends_) {
        end->reset();
    }
}

std::string SimUpstream::make_frame(io::StreamId stream) {
    Picture picture;
    picture.stream = stream;
    picture.captured = engine_.wall_now();
    picture.captured_at = engine_.events().now();
    picture.from_afar = true;
    const std::size_t bytes =
        engine_.decisions().between(setup_.frame_bytes_min, setup_.frame_bytes_max);
    const std::vector<std::byte> jpeg = log_.make_jpeg(bytes, true, picture);
    return {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()};
}

} // namespace ringcast::sim
