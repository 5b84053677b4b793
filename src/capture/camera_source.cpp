#include "capture/camera_source.hpp"

#include <algorithm>
#include <utility>

#include "base/byte_size.hpp"
#include "base/log.hpp"
#include "camera/camera_offer.hpp"
#include "config/units.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::capture {

namespace {

/// As it stands in the log: "vidbuf_cached", "libcamera (this system has no dma-heap)".
std::string memory_text(const source::CameraStatus& camera) {
    return camera.memory_reason.empty() ? camera.memory
                                        : camera.memory + " (" + camera.memory_reason + ")";
}

} // namespace

CameraSource::CameraSource(io::Engine& engine, std::string stream_name,
                           config::LibcameraConfig wanted, std::unique_ptr<CameraDevice> device,
                           int encode_workers)
    : engine_(engine), stream_name_(std::move(stream_name)), wanted_(std::move(wanted)),
      device_(std::move(device)), thread_(*device_), jpeg_(engine, *this, counters_),
      raw_(engine, *this, counters_, wanted_.quality, encode_workers) {
    session_.set_wanted(!wanted_.on_demand);
}

io::OpToken CameraSource::token(std::uint8_t operation) const noexcept {
    constexpr std::uint16_t only_run = 1;
    return io::source_token(stream_, operation, only_run);
}

void CameraSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    sink_ = &sink;
    stream_ = stream;
    jpeg_.start(sink, stream, release_operation);
    raw_.start(sink, token(encode_operation));
    if (!thread_.begin()) {
        session_.end();
        sink.signal_lost("there is no thread left for the camera");
        return;
    }
    thread_.read_wakes(engine_, token(wake_operation));
    rest_unwatched();
    advance();
}

// --- what happens ---

void CameraSource::on_completion(const io::Completion& completion) noexcept {
    switch (io::source_token_operation(completion.token)) {
    case wake_operation:
        on_wake();
        break;
    case encode_operation:
        raw_.on_completion(completion);
        break;
    case release_operation:
        jpeg_.on_completion(completion);
        break;
    default:
        break;
    }
    note_oversized();
    advance();
}

void CameraSource::on_wake() noexcept {
    take_frames();
    while (auto answer = thread_.take_answer()) {
        // Whatever frames came before the answer are of the camera that was open until then.
        take_frames();
        if (!answer->has_value()) {
            on_closed();
        } else if (answer->value().has_value()) {
            on_opened(std::move(**answer).value());
        } else {
            on_open_failed(answer->value().error());
        }
    }
    if (thread_.take_unplugged()) {
        lose("the camera has been unplugged", true);
    }
    if (thread_.take_cameras_changed()) {
        const bool hopeless = session_.waits_for_change();
        session_.on_cameras_changed(engine_.now());
        if (hopeless && !session_.wanted()) {
            rest_unwatched(); // who comes next may be luckier
        }
    }
    if (!thread_.join_finished()) {
        thread_.read_wakes(engine_, token(wake_operation));
    }
}

void CameraSource::advance() noexcept {
    jpeg_.release_returned();
    switch (session_.next(engine_.now())) {
    case camera::CameraSession::Command::open:
        thread_.open();
        break;
    case camera::CameraSession::Command::close:
        close_frames();
        thread_.close();
        break;
    case camera::CameraSession::Command::none:
        break;
    }
    if (stopping_ && session_.closed() && !std::exchange(finishing_, true)) {
        raw_.stop();
        if (!thread_.joined()) {
            thread_.finish();
        }
    }
}

// --- opening and closing ---

void CameraSource::on_opened(OpenedCamera camera) noexcept {
    session_.on_opened();
    ++opened_;
    counters_.restarts = opened_ - 1;
    note_opened(camera);
    const config::PictureSize size = camera.size;
    const camera::RatePlan rate = camera.rate;
    if (const auto opened = open_frames(std::move(camera)); !opened) {
        log_failure(opened.error().message);
        lose("the camera's pictures can't be passed on", false);
        return;
    }
    const bool jpeg = open_ == Open::jpeg;
    const std::string_view why = jpeg ? std::string_view(jpeg_.tier_reason()) : std::string_view();
    log(LogLevel::info,
        "stream {}: camera {} ({}) gives {} {} by {}, in {} buffers from {}, {}{}{}", stream_name_,
        status_.model, status_.id, status_.format, config::picture_size_text(size), status_.library,
        status_.buffers, memory_text(status_), jpeg ? jpeg_.tier() : "encoded here",
        why.empty() ? "" : ": ", why);
    if (!rate.note.empty()) {
        log(LogLevel::warning, "stream {}: {}", stream_name_, rate.note);
    }
    order_.begin(status_.buffers);
    rate_limit_.begin(rate.limit);
    last_failure_.clear();
    lost_reason_.clear();
    unplugged_ = false;
    frames_came_ = false;
    refused_ = 0;
    last_frame_at_ = engine_.now();
    wanted_.on_demand ? settling_.begin() : settling_.skip();
    rest_unwatched();
    for (std::uint32_t buffer = 0; buffer < status_.buffers; ++buffer) {
        queue_buffer(buffer);
    }
}

void CameraSource::note_opened(const OpenedCamera& camera) {
    status_.id = camera.identity.id;
    status_.model = camera.identity.model;
    status_.location = camera.identity.location;
    status_.library = camera.library;
    status_.driver = camera.driver;
    status_.format = camera.format;
    status_.memory = camera.memory;
    status_.memory_reason = camera.memory_reason;
    status_.buffers = static_cast<std::uint32_t>(camera.buffers.size());
    controls_ = camera.controls;
}

Result<void> CameraSource::open_frames(OpenedCamera camera) {
    if (camera.buffers.empty()) {
        return fail("the camera has no buffers");
    }
    const bool jpeg = camera.format == camera::mjpeg_format;
    auto opened =
        jpeg ? jpeg_.open(std::move(camera.buffers), wanted_.tier) : raw_.open(std::move(camera));
    open_ = !opened ? Open::nothing : jpeg ? Open::jpeg : Open::raw;
    return opened;
}

void CameraSource::close_frames() noexcept {
    jpeg_.close();
    raw_.close();
    open_ = Open::nothing;
    last_frame_at_ = never;
}

void CameraSource::on_open_failed(const OpenFailure& failure) noexcept {
    session_.on_open_failed(failure.obstacle, engine_.now());
    if (stopping_) {
        return;
    }
    const bool gone =
        failure.obstacle == camera::OpenError::absent ||
        failure.obstacle == camera::OpenError::forbidden; // perhaps another one is there
    if (unplugged_ && gone) {
        return; // that it is not there has been said, and why
    }
    log_failure(failure.message);
    tell_lost(failure.reason);
}

void CameraSource::log_failure(const std::string& message) noexcept {
    if (std::exchange(last_failure_, message) != message) {
        log(LogLevel::warning, "stream {}: {}", stream_name_, message);
    }
}

void CameraSource::on_closed() noexcept {
    static_cast<void>(thread_.take_unplugged());
    session_.on_closed();
}

void CameraSource::lose(std::string_view reason, bool unplugged) noexcept {
    if (!session_.open()) {
        return;
    }
    unplugged_ = unplugged;
    session_.on_lost(unplugged, engine_.now());
    tell_lost(reason);
}

void CameraSource::tell_lost(std::string_view reason) noexcept {
    lost_reason_ = reason;
    if (session_.wanted()) {
        sink_->signal_lost(lost_reason_);
    }
}

// --- frames ---

void CameraSource::take_frames() noexcept {
    while (const auto frame = thread_.take_frame()) {
        if (session_.open()) {
            take_frame(*frame);
        }
    }
}

void CameraSource::take_frame(const CapturedFrame& frame) noexcept {
    if (frame.refused) {
        take_refused(frame.buffer);
    } else if (!may_be_shown(frame)) {
        queue_buffer(frame.buffer);
    } else if (open_ == Open::raw) {
        raw_.take(frame);
    } else if (jpeg_.take(frame) == camera::FrameOutcome::damaged) {
        note_damaged(jpeg::describe(jpeg_.damage()));
    }
}

/// Whatever is in it: nothing is looked into here.
bool CameraSource::may_be_shown(const CapturedFrame& frame) noexcept {
    const bool in_order = order_.comes_in_order(frame.sequence, frame.captured_at);
    if (!frame.whole) {
        ++driver_failed_;
        ++counters_.frames_damaged;
        note_damaged("the camera's driver says so");
        return false;
    }
    ++captured_;
    frames_came_ = true;
    refused_ = 0;
    last_frame_at_ = engine_.now();
    session_.on_frame();
    if (!in_order || !settling_.take(frame.captured_at, frame.exposure_settled) || frame.startup) {
        return false;
    }
    if (!rate_limit_.take(frame.captured_at)) {
        ++skipped_for_rate_;
        return false;
    }
    return true;
}

void CameraSource::note_damaged(std::string_view what) noexcept {
    if (damaged_burst_.should_log(engine_.now())) {
        log(LogLevel::warning, "stream {}: a damaged frame was skipped: {}", stream_name_, what);
    }
}

void CameraSource::note_oversized() noexcept {
    const std::uint64_t before = std::exchange(oversized_noted_, counters_.frames_oversized);
    if (counters_.frames_oversized > before && oversized_burst_.should_log(engine_.now())) {
        log(LogLevel::warning,
            "stream {}: a frame was skipped that is larger than frame_max = {}: "
            "raise it in [memory]",
            stream_name_, byte_size(sink_->arena().geometry().frame_bytes_max));
    }
}

/// Once is how a driver turns controls down: the buffer that they came with is not taken, and would
/// be missing for as long as the camera runs.
void CameraSource::take_refused(std::uint32_t buffer) noexcept {
    ++driver_failed_;
    if (refused_++ == 0 && !frames_came_) {
        log(LogLevel::warning,
            "stream {}: the camera's driver has turned a buffer down, perhaps because of "
            "`controls` that don't go together",
            stream_name_);
    }
    // One that takes nothing is left alone, and opened again when it has been silent for too long.
    if (refused_ <= camera_buffers_max) {
        queue_buffer(buffer);
    }
}

void CameraSource::queue_buffer(std::uint32_t buffer) noexcept {
    // Refused only by a camera that has just been unplugged, which is told by itself.
    if (session_.open() && !device_->queue(buffer)) {
        log(LogLevel::debug, "stream {}: the camera does not take buffer {}", stream_name_, buffer);
    }
}

// --- watching ---

void CameraSource::set_watched(bool watched) noexcept {
    watched_ = watched;
    raw_.set_watched(watched);
    idle_at_ = never;
    if (wanted_.on_demand && watched) {
        session_.set_wanted(true);
    } else if (wanted_.on_demand) {
        idle_at_ = engine_.now() + wanted_.idle_after;
    }
    if (open_ == Open::raw) {
        rest_unwatched();
    }
    advance();
    if (watched && session_.closed() && !lost_reason_.empty()) {
        sink_->signal_lost(lost_reason_); // it is forgotten when the stream comes to rest
    }
}

void CameraSource::rest_unwatched() noexcept {
    // A camera that can't be had without something changing gives nothing to whoever comes, either.
    if (!watched_ && !session_.waits_for_change() && (wanted_.on_demand || open_ == Open::raw)) {
        sink_->pause();
    }
}

// --- time ---

Instant CameraSource::silence_deadline() const noexcept {
    if (!session_.open() || last_frame_at_ == never) {
        return never;
    }
    constexpr double periods = 4;
    const auto slow =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(periods / wanted_.fps));
    return last_frame_at_ + std::max(silence_max, slow);
}

Instant CameraSource::deadline() const noexcept {
    if (jpeg_.has_returned()) {
        return engine_.now(); // by a viewer that has let go
    }
    return std::min({session_.deadline(), idle_at_, silence_deadline()});
}

void CameraSource::on_deadline(Instant now) noexcept {
    if (now >= idle_at_) {
        idle_at_ = never;
        session_.set_wanted(false);
        log(LogLevel::info, "stream {}: nobody watches, so the camera stops", stream_name_);
        rest_unwatched();
    }
    if (now >= silence_deadline()) {
        lose("the camera gives no pictures", false);
    }
    advance();
}

void CameraSource::stop() noexcept {
    stopping_ = true;
    idle_at_ = never;
    session_.end();
    advance();
}

bool CameraSource::stopped() const noexcept {
    return stopping_ && thread_.joined() && raw_.stopped() && jpeg_.idle();
}

// --- what is known ---

std::optional<source::CameraStatus> CameraSource::camera() const {
    source::CameraStatus status = status_;
    status.running = session_.open();
    status.settling = status.running && !settling_.settled();
    if (open_ == Open::jpeg) {
        status.tier = jpeg_.tier();
        status.tier_reason = jpeg_.tier_reason();
    } else if (open_ == Open::raw) {
        status.tier = "encoded";
        status.tier_reason = wanted_.format.empty() ? "the camera makes no JPEG"
                                                    : "`format` asks for " + wanted_.format;
    } else {
        status.format.clear();
        status.memory.clear();
        status.memory_reason.clear();
        status.buffers = 0;
    }
    const camera::CameraCounters& pool = jpeg_.counters();
    const RawFrameCounters& raw = raw_.counters();
    status.buffers_free =
        open_ == Open::raw ? status.buffers - raw_.buffers_held() : pool.buffers_free;
    status.buffers_lent = pool.buffers_lent;
    source::CameraTotals& totals = status.counters;
    totals.captured = captured_;
    totals.driver_failed = driver_failed_;
    totals.driver_dropped = order_.gaps();
    totals.out_of_order = order_.overtaken();
    totals.skipped_for_rate = skipped_for_rate_;
    totals.lent = pool.lent;
    totals.copied = pool.copied;
    totals.copied_under_pressure = pool.copied_under_pressure;
    totals.bytes_copied = pool.bytes_copied;
    totals.encoded = raw.encoded;
    totals.encode_skipped = raw.encode_skipped;
    totals.encode_time = raw.encode_time;
    totals.opened = opened_;
    return status;
}

} // namespace ringcast::capture
