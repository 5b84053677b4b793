#include "capture/camera_source.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "camera/focus.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::capture {

CameraSource::CameraSource(io::Engine& engine, const std::string& stream_name,
                           config::LibcameraConfig wanted, std::unique_ptr<CameraDevice> device,
                           int encode_workers, PictureChanges changes)
    : engine_(engine), wanted_(std::move(wanted)), device_(std::move(device)), thread_(*device_),
      frames_(engine, *this, counters_, wanted_, encode_workers, std::move(changes)),
      log_(stream_name), control_settings_(wanted_.controls), idle_time_(wanted_.idle_after) {
    session_.set_wanted(!wanted_.on_demand);
}

io::OpToken CameraSource::token(Operation operation) const noexcept {
    constexpr std::uint16_t only_run = 1;
    return io::source_token(stream_, static_cast<std::uint8_t>(operation), only_run);
}

void CameraSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    sink_ = &sink;
    stream_ = stream;
    frames_.start(sink, stream, token(Operation::encode),
                  static_cast<std::uint8_t>(Operation::release));
    if (!thread_.begin()) {
        session_.end();
        sink.signal_lost("no thread is available for the camera");
        return;
    }
    thread_.read_wakes(engine_, token(Operation::wake));
    pause_if_unwatched();
    advance();
}

// --- events ---

void CameraSource::on_completion(const io::Completion& completion) noexcept {
    switch (static_cast<Operation>(io::source_token_operation(completion.token))) {
    case Operation::wake:
        on_wake();
        break;
    case Operation::encode:
        if (const std::string_view problem = frames_.on_encode_completion(completion);
            !problem.empty()) {
            log_.damaged(problem, engine_.now());
        }
        break;
    case Operation::release:
        frames_.on_release_completion(completion);
        break;
    }
    log_.oversized(counters_.frames_oversized, sink_->arena().geometry().frame_bytes_max,
                   engine_.now());
    advance();
}

void CameraSource::on_wake() noexcept {
    take_frames();
    while (auto answer = thread_.take_answer()) {
        // Frames that arrived before the answer are of the camera that was open until then.
        take_frames();
        if (auto* const set = std::get_if<CameraThread::ControlsSet>(&*answer)) {
            on_controls_set(std::move(*set));
            continue;
        }
        auto* const opened = std::get_if<CameraThread::Opened>(&*answer);
        if (opened == nullptr) {
            on_closed();
        } else if (*opened) {
            on_opened(std::move(*opened).value());
        } else {
            on_open_failed(opened->error());
        }
    }
    if (thread_.take_unplugged()) {
        lose("the camera has been unplugged", true);
    }
    if (thread_.take_cameras_changed()) {
        const bool waited = session_.waits_for_change();
        session_.on_cameras_changed(engine_.now());
        if (waited && !session_.wanted()) {
            pause_if_unwatched(); // opening it for the next viewer may succeed
        }
    }
    if (!thread_.join_finished()) {
        thread_.read_wakes(engine_, token(Operation::wake));
    }
}

void CameraSource::advance() noexcept {
    frames_.release_unused();
    if (control_outcome_.kind == source::ControlOutcome::Kind::under_way) {
        return; // the camera's thread executes one command at a time
    }
    switch (session_.next(engine_.now())) {
    case camera::CameraSession::Command::open:
        thread_.open(control_settings_.all());
        break;
    case camera::CameraSession::Command::close:
        frames_.close();
        last_frame_at_ = never;
        thread_.close();
        break;
    case camera::CameraSession::Command::none:
        break;
    }
    if (stopping_ && session_.closed() && !std::exchange(finishing_, true)) {
        frames_.stop();
        if (!thread_.joined()) {
            thread_.finish();
        }
    }
}

// --- opening and closing ---

void CameraSource::on_opened(OpenedCamera camera) noexcept {
    session_.on_opened();
    description_.on_opened(camera);
    counters_.restarts = description_.times_opened() - 1;
    const auto buffers = static_cast<std::uint32_t>(camera.buffers.size());
    const config::PictureSize size = camera.size;
    const camera::RatePlan rate = camera.rate;
    const std::string sensor_note = camera.sensor_note;
    if (const auto opened = frames_.open(std::move(camera)); !opened) {
        log_.failed(opened.error().message);
        lose("the camera's pictures can't be passed on", false);
        return;
    }
    log_.opened(*this->camera(), size, rate.note, sensor_note);
    filter_.begin(buffers, rate.limit, wanted_.on_demand);
    lost_reason_.clear();
    unplugged_ = false;
    frames_arrived_ = false;
    refused_ = 0;
    last_frame_at_ = engine_.now();
    pause_if_unwatched();
    for (std::uint32_t buffer = 0; buffer < buffers; ++buffer) {
        recycle(buffer);
    }
}

void CameraSource::on_open_failed(const OpenFailure& failure) noexcept {
    // Values that requests have set must not keep the camera closed: it may be another one by now.
    const bool drops =
        failure.error == camera::OpenError::refused && !control_settings_.changed().empty();
    session_.on_open_failed(drops ? camera::OpenError::unusable : failure.error, engine_.now());
    if (stopping_) {
        return;
    }
    if (drops) {
        control_settings_.drop_changed();
        log_.controls_dropped();
    }
    // "Forbidden" may be about another camera.
    const bool missing =
        failure.error == camera::OpenError::absent || failure.error == camera::OpenError::forbidden;
    if (unplugged_ && missing) {
        return; // already reported, with the reason
    }
    log_.failed(failure.message);
    report_lost(failure.reason);
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
    report_lost(reason);
}

void CameraSource::report_lost(std::string_view reason) noexcept {
    lost_reason_ = reason;
    if (session_.wanted()) {
        sink_->signal_lost(lost_reason_);
    }
}

// --- controls ---

void CameraSource::change_controls(std::span<const source::ControlChange> changes) {
    using Kind = source::ControlOutcome::Kind;
    RINGCAST_ASSERT(control_outcome_.kind != Kind::under_way);
    const bool between = !session_.open() && !session_.closed();
    if (stopping_ || between || description_.times_opened() == 0) {
        control_outcome_ = {Kind::unavailable, "the camera is being opened or closed"};
        return;
    }
    auto update = control_settings_.prepare(description_.controls(), changes);
    if (!update) {
        control_outcome_ = {Kind::refused, std::move(update).error().message};
        return;
    }
    if (session_.closed()) {
        log_.controls_changed(update->changed);
        control_settings_.commit(std::move(update->changed));
        control_outcome_ = {Kind::kept, {}};
        return;
    }
    const auto controls = description_.controls();
    thread_.set_controls({controls.begin(), controls.end()}, std::move(update->apply));
    changed_next_ = std::move(update->changed);
    control_outcome_ = {Kind::under_way, {}};
}

void CameraSource::on_controls_set(CameraThread::ControlsSet answer) noexcept {
    using Kind = source::ControlOutcome::Kind;
    if (!answer) {
        const bool refused = answer.error().error == camera::OpenError::refused;
        control_outcome_ = {refused ? Kind::refused : Kind::unavailable,
                            std::move(answer).error().message};
        return;
    }
    control_settings_.commit(std::move(changed_next_));
    std::string focus = camera::focus_text(*answer, control_settings_.all());
    description_.on_controls_set(std::move(*answer), std::move(focus));
    control_outcome_ = {Kind::applied, {}};
    log_.controls_changed(control_settings_.changed());
}

// --- frames ---

void CameraSource::take_frames() noexcept {
    while (const auto frame = thread_.take_frame()) {
        if (session_.open()) {
            take_frame(*frame);
        }
    }
}

void CameraSource::take_frame(const camera::CapturedFrame& frame) noexcept {
    using Verdict = camera::FrameFilter::Verdict;
    switch (filter_.judge(frame)) {
    case Verdict::refused:
        take_refused(frame.buffer);
        break;
    case Verdict::damaged:
        ++counters_.frames_damaged;
        log_.damaged("the camera's driver reports an error", engine_.now());
        recycle(frame.buffer);
        break;
    case Verdict::skip:
        note_alive();
        recycle(frame.buffer);
        break;
    case Verdict::publish:
        note_alive();
        publish(frame);
        break;
    }
}

void CameraSource::note_alive() noexcept {
    frames_arrived_ = true;
    refused_ = 0;
    last_frame_at_ = engine_.now();
    session_.on_frame();
}

void CameraSource::publish(const camera::CapturedFrame& frame) noexcept {
    const jpeg::Fault fault = frames_.take(frame);
    if (fault != jpeg::Damage::none) {
        log_.damaged(fault, sink_->arena().geometry().picture_max, engine_.now());
    }
}

/// A driver refuses controls once: by not filling the buffer that they were queued with. Without
/// being queued again that buffer would be missing for as long as the camera runs.
void CameraSource::take_refused(std::uint32_t buffer) noexcept {
    if (refused_++ == 0 && !frames_arrived_) {
        log_.buffer_rejected();
    }
    // A camera that refuses all buffers is left alone until `silence_deadline`, then reopened.
    if (refused_ <= camera_buffers_max) {
        recycle(buffer);
    }
}

void CameraSource::recycle(std::uint32_t buffer) noexcept {
    // Fails only after the camera was unplugged, of which `unplugged` informs.
    if (session_.open() && !device_->queue(buffer)) {
        log_.buffer_not_queued(buffer);
    }
}

// --- watching ---

void CameraSource::set_watched(bool watched) noexcept {
    watched_ = watched;
    frames_.set_watched(watched);
    idle_at_ = never;
    if (wanted_.on_demand && watched) {
        idle_time_.on_watched(engine_.now(), counters_.frames);
        session_.set_wanted(true);
    } else if (wanted_.on_demand) {
        idle_at_ = engine_.now() + idle_time_.on_unwatched(counters_.frames, lost_reason_.empty());
    }
    if (frames_.pauses_unwatched()) {
        pause_if_unwatched();
    }
    advance();
    if (watched && session_.closed() && !lost_reason_.empty()) {
        sink_->signal_lost(lost_reason_); // a stream that was paused has forgotten it
    }
}

void CameraSource::pause_if_unwatched() noexcept {
    // A camera that waits for a change would not deliver pictures to a new viewer, either.
    const bool unwatched = !watched_ && (wanted_.on_demand || frames_.pauses_unwatched());
    if (unwatched && !session_.waits_for_change()) {
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
    if (frames_.has_unused()) {
        return engine_.now(); // a viewer has released the last buffer of a closed camera
    }
    return std::min({session_.deadline(), idle_at_, silence_deadline()});
}

void CameraSource::on_deadline(Instant now) noexcept {
    if (now >= idle_at_) {
        idle_at_ = never;
        idle_time_.on_stopped();
        session_.set_wanted(false);
        log_.stopped_unwatched();
        pause_if_unwatched();
    }
    if (now >= silence_deadline()) {
        lose("the camera delivers no frames", false);
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
    return stopping_ && thread_.joined() && frames_.stopped();
}

// --- status ---

std::optional<source::CameraStatus> CameraSource::camera() const {
    source::CameraStatus status = description_.status(frames_.is_open());
    status.controls_set = control_settings_.all();
    status.controls_changed = control_settings_.changed();
    status.running = session_.open();
    status.settling = status.running && !filter_.settled();
    frames_.describe(status);
    status.counters.captured = filter_.counters().captured;
    status.counters.skipped_for_rate = filter_.counters().skipped_for_rate;
    status.counters.driver_failed = filter_.counters().driver_failed;
    status.counters.driver_dropped = filter_.order().gaps();
    status.counters.out_of_order = filter_.order().overtaken();
    return status;
}

} // namespace ringcast::capture
