#include "sim/sim_camera.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

constexpr std::uint64_t unplug_interval = 80; ///< frames, on average
constexpr std::uint64_t absence_ms_max = 1500;
constexpr std::size_t padding_max = 3000;
constexpr std::uint64_t backwards_ms_max = 500;
/// A frame is overtaken by fewer frames than the camera has buffers; FrameOrder relies on that.
constexpr std::size_t forbidden_in_a_row_max = 2;

} // namespace

SimCamera::SimCamera(SimEngine& engine, FrameLog& log, CameraSetup setup)
    : SimProducer(engine, log, setup.period, setup.jitters), setup_(setup),
      pool_(*this, counters_) {
    source::CameraControl focus;
    focus.name = "AfMode";
    focus.kind = source::ControlKind::enumeration;
    focus.choices = {{0, "AfModeManual"}, {2, "AfModeContinuous"}};
    focus.initial = std::int64_t{0};
    controls_.assign(setup.controls, focus);
}

std::optional<source::CameraStatus> SimCamera::camera() const {
    source::CameraStatus status;
    status.id = "simulated";
    status.controls_set = control_settings_.all();
    status.controls_changed = control_settings_.changed();
    return status;
}

void SimCamera::change_controls(std::span<const source::ControlChange> changes) {
    using Kind = source::ControlOutcome::Kind;
    RINGCAST_ASSERT(control_outcome_.kind != Kind::under_way);
    auto update = control_settings_.prepare(controls_, changes);
    if (!update) {
        control_outcome_ = {Kind::refused, std::move(update).error().message};
    } else if (!capturing_) {
        engine_.decisions().note(FaultKind::controls_kept);
        control_settings_.commit(std::move(update->changed));
        control_outcome_ = {Kind::kept, {}};
    } else {
        constexpr Duration late = std::chrono::seconds(1);
        const bool unanswered = chooses(FaultKind::controls_unanswered);
        const Duration time = setup_.controls_time + (unanswered ? late : Duration::zero());
        control_outcome_ = {Kind::under_way, {}};
        changed_next_ = std::move(update->changed);
        engine_.events().after(time, [this] { finish_change(); });
    }
}

/// In the camera's thread.
void SimCamera::finish_change() {
    using Kind = source::ControlOutcome::Kind;
    if (stopping_) {
        return;
    }
    if (chooses(FaultKind::controls_failed)) {
        control_outcome_ = {Kind::unavailable, "the camera failed"};
    } else {
        engine_.decisions().note(FaultKind::controls_set);
        control_settings_.commit(std::move(changed_next_));
        control_outcome_ = {Kind::applied, {}};
    }
    engine_.signal(event_);
}

// --- the driver ---

bool SimCamera::tick() {
    Decisions& decisions = engine_.decisions();
    if (capturing_ && !gone_) {
        capture();
        if (setup_.unplugged && decisions.once_in(unplug_interval)) {
            unplug(std::chrono::milliseconds(decisions.below(absence_ms_max)));
        }
    }
    return true;
}

void SimCamera::unplug(Duration absence) {
    if (!capturing_ || gone_) {
        return;
    }
    engine_.decisions().note(FaultKind::camera_unplugged);
    gone_ = true;
    absence_ = absence;
    engine_.signal(event_);
}

void SimCamera::capture() {
    Completed completed;
    completed.frame.sequence = next_sequence_++;
    completed.frame.whole = true;
    if (queue_.empty()) {
        ++frames_missed_;
        steady_since_ = never;
        // Buffers that wait because the loop is late do not count: viewers do not hold them.
        if (buffers_with_camera() < std::min(camera::CameraPool::reserve, setup_.buffers)) {
            complain("the camera has no buffer to fill: viewers use all of them");
        }
        return;
    }
    completed.frame.buffer = queue_.front();
    queue_.pop_front();
    completed.frame.captured_at = engine_.events().now();
    completed.frame.captured = engine_.wall_now();
    const std::vector<std::byte> bytes = expose(completed);
    std::memcpy(payload(completed.frame.buffer).data(), bytes.data(), bytes.size());
    if (completed.overtaken) {
        deferred_ = completed;
        deferred_for_ = 1 + engine_.decisions().below(2);
        return;
    }
    complete(completed);
    if (deferred_ && --deferred_for_ == 0) {
        complete(*std::exchange(deferred_, std::nullopt));
    }
}

void SimCamera::complete(const Completed& completed) {
    completed_.push_back(completed);
    engine_.signal(event_);
}

bool SimCamera::chooses(FaultKind kind) {
    return engine_.faulty() && engine_.decisions().choose(kind);
}

/// Creates a picture and chooses the faults of its transfer into the buffer.
std::vector<std::byte> SimCamera::expose(Completed& completed) {
    Decisions& decisions = engine_.decisions();
    Picture picture;
    picture.stream = stream_;
    picture.captured = completed.frame.captured;
    picture.captured_at = completed.frame.captured_at;
    std::vector<std::byte> jpeg =
        log_.make_jpeg(decisions.between(setup_.frame_bytes_min, setup_.frame_bytes_max),
                       !chooses(FaultKind::camera_without_tables), picture);
    completed.frame.bytes = jpeg.size();
    const std::size_t in_a_row_max =
        std::min<std::size_t>(setup_.buffers / 2, forbidden_in_a_row_max);
    if (forbidden_in_a_row_ < in_a_row_max && !deferred_) {
        choose_misfortune(completed, jpeg);
    }
    if (completed.forbidden) {
        ++forbidden_in_a_row_;
        return jpeg;
    }
    forbidden_in_a_row_ = 0;
    last_good_at_ = completed.frame.captured_at;
    if (chooses(FaultKind::camera_frame_padded)) {
        jpeg.resize(jpeg.size() + 1 + decisions.below(padding_max));
        completed.frame.bytes = jpeg.size();
    }
    return jpeg;
}

void SimCamera::choose_misfortune(Completed& completed, std::vector<std::byte>& jpeg) {
    Decisions& decisions = engine_.decisions();
    completed.forbidden = true;
    jpeg[jpeg.size() - 3] ^= std::byte{1}; // so that a viewer that receives it detects it
    if (chooses(FaultKind::camera_overtaken)) {
        completed.overtaken = true;
    } else if (last_good_at_ != never && chooses(FaultKind::camera_time_backwards)) {
        completed.frame.captured_at =
            last_good_at_ - std::chrono::milliseconds(decisions.between(1, backwards_ms_max));
    } else if (chooses(FaultKind::camera_frame_bad)) {
        completed.frame.bytes = 0;
    } else if (chooses(FaultKind::camera_frame_truncated)) {
        jpeg.resize(decisions.between(1, jpeg.size() - 1));
        completed.frame.bytes = jpeg.size();
    } else {
        completed.forbidden = false;
        jpeg[jpeg.size() - 3] ^= std::byte{1};
    }
}

ByteSpan SimCamera::payload(std::uint32_t buffer) {
    const ByteSpan memory = sets_.back().memory[buffer];
    const std::size_t page = sink_->arena().geometry().page;
    return memory.subspan(page, memory.size() - 2 * page);
}

// --- the source ---

void SimCamera::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    pool_.start(sink);
    begin(sink, stream);
    if (setup_.pauses) {
        sink.pause();
    } else {
        plug();
    }
}

void SimCamera::plug() {
    const std::size_t page = sink_->arena().geometry().page;
    const std::size_t largest = setup_.frame_bytes_max + padding_max + page;
    Set& set = sets_.emplace_back();
    set.number = next_set_++;
    std::vector<camera::PoolBuffer> mapped;
    for (std::size_t i = 0; i < setup_.buffers; ++i) {
        set.memory.emplace_back(largest / page * page + 2 * page);
    }
    for (std::uint32_t i = 0; i < setup_.buffers; ++i) {
        const auto operation = static_cast<std::uint8_t>(op_released + i);
        camera::PoolBuffer& buffer = mapped.emplace_back();
        buffer.memory = payload(i);
        set.registered.emplace_back();
        if (setup_.registers) {
            auto registered = engine_.register_buffer(
                set.memory[i],
                io::source_token(stream_, operation, static_cast<std::uint16_t>(set.number)));
            if (registered) {
                set.registered[i] = *registered;
                buffer = {set.memory[i], *registered};
            }
        }
        queue_.push_back(i);
    }
    const std::uint32_t number = pool_.open(mapped);
    RINGCAST_ASSERT(number == set.number);
    order_.begin(setup_.buffers);
    next_sequence_ = 0;
    forbidden_in_a_row_ = 0;
    last_good_at_ = never;
    capturing_ = true;
}

void SimCamera::end_capture() {
    capturing_ = false;
    gone_ = false;
    steady_since_ = never;
    queue_.clear();
    completed_.clear();
    deferred_.reset();
    pool_.close();
    release_unused_sets();
    if (pool_.counters().buffers_lent > 0) {
        engine_.decisions().note(FaultKind::camera_set_outlived);
    }
}

void SimCamera::recycle(std::uint32_t buffer) noexcept {
    if (std::find(queue_.begin(), queue_.end(), buffer) != queue_.end()) {
        complain("a buffer is queued twice");
    }
    queue_.push_back(buffer);
}

void SimCamera::release_unused_sets() {
    while (const auto number = pool_.take_unused_set()) {
        const auto set = std::ranges::find(sets_, *number, &Set::number);
        RINGCAST_ASSERT(set != sets_.end());
        for (const std::optional<io::BufferId>& buffer : set->registered) {
            if (buffer) {
                engine_.release_buffer(*buffer);
                ++set->releasing;
            }
        }
        if (set->releasing == 0) {
            sets_.erase(set);
        }
    }
}

void SimCamera::on_released(std::uint32_t number) {
    const auto set = std::ranges::find(sets_, number, &Set::number);
    RINGCAST_ASSERT(set != sets_.end());
    RINGCAST_ASSERT(set->releasing > 0);
    if (--set->releasing == 0) {
        sets_.erase(set);
    }
}

void SimCamera::on_completion(const io::Completion& completion) noexcept {
    const std::uint8_t operation = io::source_token_operation(completion.token);
    switch (operation) {
    case op_read:
        if (read_on()) {
            take_frames();
        }
        return;
    case op_close:
        closed_ = true;
        return;
    default:
        on_released(io::source_token_run(completion.token));
    }
}

void SimCamera::take_frames() {
    if (gone_ && capturing_) {
        end_capture();
        plugs_at_ = engine_.now() + absence_;
        sink_->signal_lost("the camera is unplugged");
        return;
    }
    while (!completed_.empty()) {
        const Completed completed = completed_.front();
        completed_.pop_front();
        if (!order_.in_order(completed.frame.sequence, completed.frame.captured_at)) {
            recycle(completed.frame.buffer);
            steady_since_ = never;
            continue;
        }
        const std::size_t left = buffers_with_camera();
        const camera::FrameOutcome outcome = pool_.on_frame(completed.frame);
        if (outcome != camera::FrameOutcome::lent) {
            recycle(completed.frame.buffer);
        }
        check_outcome(completed.frame, outcome, left);
        const bool published =
            outcome == camera::FrameOutcome::lent || outcome == camera::FrameOutcome::copied;
        if (published && completed.forbidden) {
            complain("a frame was published that is damaged or out of order");
        }
        if (!published) {
            steady_since_ = never;
        } else if (steady_since_ == never) {
            steady_since_ = engine_.now();
        }
    }
}

void SimCamera::check_outcome(const camera::CapturedFrame& frame, camera::FrameOutcome outcome,
                              std::size_t left) {
    const bool lent = outcome == camera::FrameOutcome::lent;
    if (lent && left < camera::CameraPool::reserve) {
        complain("a buffer was lent although the camera has too few left");
    }
    if (outcome == camera::FrameOutcome::copied && sets_.back().registered[frame.buffer]) {
        engine_.decisions().note(FaultKind::camera_pressed);
        if (left >= camera::CameraPool::reserve) {
            complain("a frame was copied although the camera has enough buffers left");
        }
    }
    if (buffers_with_camera() < std::min(camera::CameraPool::reserve, setup_.buffers)) {
        complain(fmt::format("the camera has only {} buffers left", buffers_with_camera()));
    }
}

void SimCamera::on_deadline(Instant now) noexcept {
    release_unused_sets();
    if (now < plugs_at_) {
        return;
    }
    plugs_at_ = never;
    if (setup_.pauses && !watched_) {
        sink_->pause();
    } else {
        plug();
    }
}

void SimCamera::set_watched(bool watched) noexcept {
    watched_ = watched;
    if (!setup_.pauses || stopping_) {
        return;
    }
    if (watched && !capturing_ && plugs_at_ == never) {
        engine_.decisions().note(FaultKind::source_woken);
        plugs_at_ = engine_.now() + setup_.wakes_after;
    } else if (!watched && capturing_) {
        engine_.decisions().note(FaultKind::source_paused);
        end_capture();
        sink_->pause();
    }
}

void SimCamera::stop() noexcept {
    plugs_at_ = never;
    end_capture();
    end();
}

} // namespace ringcast::sim
