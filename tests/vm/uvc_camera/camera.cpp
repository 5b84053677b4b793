#include "uvc_camera/camera.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <utility>

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <zlib.h>

#include "uvc_camera/byte_writer.hpp"

namespace ringcast::vm {

namespace {

constexpr std::size_t payload_header_bytes = 12;
// Bits of the payload header (UVC 1.1 table 2-5).
constexpr std::uint8_t frame_id_bit = 0x01;
constexpr std::uint8_t end_of_frame_bit = 0x02;
constexpr std::uint8_t both_clocks_bits = 0x0C;
constexpr std::uint8_t error_bit = 0x40;
constexpr std::uint8_t end_of_header_bit = 0x80;

std::int64_t nanoseconds(clockid_t clock) noexcept {
    std::timespec now{};
    ::clock_gettime(clock, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// True for the last of each group of `every` frames; 0: never.
bool is_nth(std::uint64_t sequence, unsigned every) noexcept {
    return every != 0 && sequence % every == every - 1;
}

} // namespace

Result<Camera::File> Camera::open_log(const std::string& path) {
    File log;
    if (!path.empty()) {
        log.reset(std::fopen(path.c_str(), "ae"));
        if (!log) {
            return fail(path + ": " + std::strerror(errno));
        }
        // Line-buffered, because tests read the log while it is written.
        std::setvbuf(log.get(), nullptr, _IOLBF, BUFSIZ);
    }
    return log;
}

Result<Camera> Camera::plug_in(CameraOptions options) {
    Result<File> log = open_log(options.log);
    Result<File> control_log = log ? open_log(options.control_log) : tl::unexpected(log.error());
    if (!control_log) {
        return tl::unexpected(control_log.error());
    }
    UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer.valid()) {
        return fail(std::string("timerfd_create: ") + std::strerror(errno));
    }
    Result<UsbPort> port = UsbPort::attach(options.port);
    if (!port) {
        return tl::unexpected(port.error());
    }
    return Camera(std::move(options), std::move(*port), std::move(timer), std::move(*log),
                  std::move(*control_log));
}

Camera::Camera(CameraOptions options, UsbPort port, UniqueFd timer, File log, File control_log)
    : options_(std::move(options)), port_(std::move(port)), timer_(std::move(timer)),
      log_(std::move(log)), control_log_(std::move(control_log)),
      controls_(options_.modes, options_.product) {
    raw_.reserve(options_.modes.yuyv.size());
    for (const Size size : options_.modes.yuyv) {
        raw_.emplace_back(size);
    }
}

void Camera::run(int stop) {
    std::array<pollfd, 3> events{
        {{port_.fd(), POLLIN, 0}, {timer_.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
    bool alive = true;
    while (alive) {
        if (::poll(events.data(), events.size(), -1) < 0) {
            alive = errno == EINTR;
            continue;
        }
        alive = events[2].revents == 0 && (events[1].revents == 0 || tick()) &&
                (events[0].revents == 0 || serve());
    }
}

bool Camera::serve() {
    std::optional<UsbRequest> request = port_.receive();
    if (!request) {
        return false;
    }
    switch (request->kind) {
    case UsbRequest::Kind::control:
        return serve_control(*request);
    case UsbRequest::Kind::unlink:
        return serve_unlink(*request);
    case UsbRequest::Kind::transfer:
        break;
    }
    if (!request->to_host || request->length <= payload_header_bytes) {
        return port_.reply_stall(*request);
    }
    waiting_.push_back(std::move(*request));
    return send();
}

bool Camera::serve_control(const UsbRequest& request) {
    const Controls::Setup setup = Controls::Setup::of(request.setup);
    const std::optional<Bytes> answer = controls_.answer(setup, request.data);
    if (controls_.take_commit()) {
        begin_stream();
    }
    if (const auto change = controls_.take_change()) {
        write_control_log(*change); // before the host can know that it was set
    }
    if (!answer) {
        return port_.reply_stall(request);
    }
    return setup.to_host() ? port_.reply_data(request, std::as_bytes(std::span(*answer)))
                           : port_.reply_taken(request);
}

bool Camera::serve_unlink(const UsbRequest& request) {
    const auto found = std::ranges::find(waiting_, request.unlinked, &UsbRequest::sequence);
    const bool waited = found != waiting_.end();
    if (waited) {
        waiting_.erase(found);
    }
    if (waiting_.empty()) {
        // The host has stopped the stream: discard the rest of the frame.
        sent_ = frame_.bytes.size();
    }
    return port_.reply_unlinked(request, waited);
}

void Camera::begin_stream() {
    sent_ = frame_.bytes.size();
    constexpr long unit_ns = 100;
    constexpr long second_ns = 1'000'000'000;
    const long period_ns = long{controls_.interval()} * unit_ns;
    itimerspec timer{};
    timer.it_interval = {period_ns / second_ns, period_ns % second_ns};
    timer.it_value.tv_nsec = 1;
    ::timerfd_settime(timer_.get(), 0, &timer, nullptr);
}

bool Camera::tick() {
    std::uint64_t ticks = 0;
    // Skip this frame if the host requests no payloads (no stream), or if the previous frame is
    // still being sent (a slow host; the camera buffers nothing).
    if (::read(timer_.get(), &ticks, sizeof ticks) != sizeof ticks || waiting_.empty() ||
        sent_ < frame_.bytes.size()) {
        return true;
    }
    make_frame();
    return send();
}

void Camera::make_frame() {
    const std::uint64_t sequence = next_sequence_++;
    const WallTime captured{Duration(nanoseconds(CLOCK_REALTIME))};
    const Mode mode = controls_.mode();
    frame_ = mode.format == Format::mjpeg
                 ? options_.jpegs.at(mode.size).make(sequence, captured, options_.stamped)
                 : raw_.at(mode.size).make(sequence, captured);
    truncated_ = is_nth(sequence, options_.truncate_every);
    if (truncated_) {
        frame_.bytes = frame_.bytes.first(frame_.bytes.size() / 2);
    }
    erroneous_ = is_nth(sequence, options_.error_every);
    frame_id_ = !frame_id_;
    sent_ = 0;
}

bool Camera::send() {
    while (sent_ < frame_.bytes.size() && !waiting_.empty()) {
        const UsbRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        if (!send_payload(request)) {
            return false;
        }
    }
    return true;
}

bool Camera::send_payload(const UsbRequest& request) {
    const std::size_t room = std::min(request.length, payload_bytes_max) - payload_header_bytes;
    const ConstByteSpan left = frame_.bytes.subspan(sent_);
    const ConstByteSpan bytes = left.first(std::min(left.size(), room));
    const bool last = bytes.size() == left.size();

    constexpr std::int64_t clock_per_microsecond = clock_hertz / 1'000'000;
    const auto clock =
        static_cast<std::uint32_t>(nanoseconds(CLOCK_MONOTONIC) / 1000 * clock_per_microsecond);
    ByteWriter header;
    header.bytes({payload_header_bytes,
                  end_of_header_bit | both_clocks_bits | (frame_id_ ? frame_id_bit : 0) |
                      (last ? end_of_frame_bit : 0) | (last && erroneous_ ? error_bit : 0)});
    // Clock of the frame, clock of the payload, and USB frame number, which does not exist here.
    header.u32(clock).u32(clock).u16(0);
    const Bytes header_bytes = std::move(header).take();
    sent_ += bytes.size();
    if (last) {
        write_log(); // before the host can have received the whole frame
    }
    return port_.reply_data(request, std::as_bytes(std::span(header_bytes)), bytes);
}

void Camera::write_log() const {
    if (!log_) {
        return;
    }
    const auto crc = static_cast<unsigned>(::crc32_z(
        0, reinterpret_cast<const unsigned char*>(frame_.bytes.data()), frame_.bytes.size()));
    std::fprintf(
        log_.get(), "%llu %lld %zu %08x%s%s\n", static_cast<unsigned long long>(frame_.sequence),
        static_cast<long long>(frame_.captured.time_since_epoch().count()), frame_.bytes.size(),
        crc, erroneous_ ? " error" : "", truncated_ ? " truncated" : "");
}

void Camera::write_control_log(const UnitControls::Change& change) const {
    if (control_log_) {
        std::fprintf(control_log_.get(), "%.*s %d\n", static_cast<int>(change.name.size()),
                     change.name.data(), static_cast<int>(change.value));
    }
}

} // namespace ringcast::vm
