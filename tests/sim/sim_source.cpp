#include "sim/sim_source.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::sim {

namespace {

constexpr std::array<std::string_view, 3> reasons{"the camera is unplugged", "the command ended",
                                                  "frames are too large"};
constexpr std::size_t placeholder_bytes = 700;
constexpr std::uint64_t loss_interval = 120; ///< frames, on average
constexpr std::uint64_t end_interval = 600;
constexpr std::uint64_t loss_ms_max = 4000;
constexpr std::uint64_t paint_ms_max = 30;
constexpr std::size_t offset_max = 300; ///< junk before the JPEG in the slot

} // namespace

void SimProducer::begin(source::FrameSink& sink, io::StreamId stream) {
    sink_ = &sink;
    stream_ = stream;
    event_ = engine_.open_event();
    arm();
    engine_.events().after(period_, [this] { pass_period(); });
}

void SimProducer::pass_period() {
    if (stopping_ || (engine_.events().now() >= held_until_ && !tick())) {
        return;
    }
    Duration next = period_;
    if (jitters_) {
        next = period_ / 2 + Duration(static_cast<std::int64_t>(engine_.decisions().below(
                                 static_cast<std::uint64_t>(period_.count()))));
    }
    engine_.events().after(next, [this] { pass_period(); });
}

void SimProducer::arm() {
    reading_ = true;
    engine_.read(io::source_token(stream_, op_read, 1), event_, event_count_);
}

bool SimProducer::read_on() {
    reading_ = false;
    if (stopping_) {
        close_event();
        return false;
    }
    arm();
    return true;
}

void SimProducer::end() {
    stopping_ = true;
    if (reading_) {
        engine_.cancel({}, io::source_token(stream_, op_read, 1));
    } else {
        close_event();
    }
}

void SimProducer::close_event() {
    engine_.close(io::source_token(stream_, op_close, 1), event_);
}

SimSource::SimSource(SimEngine& engine, FrameLog& log, SourceSetup setup)
    : SimProducer(engine, log, setup.period, setup.jitters), setup_(std::move(setup)) {}

std::optional<source::UpstreamStatus> SimSource::upstream() const {
    if (setup_.via.empty()) {
        return std::nullopt;
    }
    source::UpstreamStatus status;
    status.via = setup_.via;
    return status;
}

void SimSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    begin(sink, stream);
    if (setup_.announces) {
        sink.signal_awaited("the source is starting");
    }
    if (setup_.pauses) {
        pause();
    }
}

void SimSource::set_watched(bool watched) noexcept {
    watched_ = watched;
    if (!setup_.pauses || signal_back_at_ != never || ended_ || stopping_) {
        return;
    }
    if (!watched) {
        pause();
        return;
    }
    engine_.decisions().note(FaultKind::source_woken);
    paused_ = false;
    wakes_at_ = engine_.now() + setup_.wakes_after;
}

void SimSource::pause() {
    engine_.decisions().note(FaultKind::source_paused);
    paused_ = true;
    steady_since_ = never;
    slot_.reset();
    sink_->pause();
}

bool SimSource::tick() {
    if (!ended_ && signal_back_at_ == never && !paused_ && engine_.events().now() >= wakes_at_) {
        engine_.signal(event_);
    }
    return !ended_;
}

void SimSource::on_completion(const io::Completion& completion) noexcept {
    switch (io::source_token_operation(completion.token)) {
    case op_read:
        if (read_on() && completion.result > 0 && signal_back_at_ == never && !ended_ && !paused_) {
            make_frame();
        }
        return;
    case op_close:
        stopped_ = true;
        return;
    default:
        complain("a completion of an operation that the source does not have");
    }
}

void SimSource::make_frame() {
    Decisions& decisions = engine_.decisions();
    if (setup_.loses_signal && decisions.once_in(loss_interval)) {
        lose_signal();
        return;
    }
    if (setup_.ends && decisions.once_in(end_interval)) {
        decisions.note(FaultKind::source_ended);
        ended_ = true;
        steady_since_ = never;
        slot_.reset();
        sink_->ended("input ended");
        return;
    }
    if (!slot_.valid()) {
        slot_ = sink_->take_slot();
    }
    if (!slot_.valid()) {
        ++counters_.frames_dropped;
        steady_since_ = never;
        return;
    }
    const std::size_t bytes = decisions.between(setup_.frame_bytes_min, setup_.frame_bytes_max);
    const std::size_t offset = decisions.below(offset_max);
    frame::FrameInfo info;
    info.jpeg_offset = slot_.payload_offset() + offset;
    info.jpeg_bytes = bytes;
    info.width = 640;
    info.height = 480;
    info.captured = engine_.wall_now();
    info.captured_at = engine_.now();
    Picture picture;
    picture.stream = stream_;
    picture.captured = info.captured;
    picture.captured_at = info.captured_at;
    newest_at_ = info.captured_at;
    (void)log_.make(slot_.payload().subspan(offset, bytes), picture);
    ++counters_.frames;
    counters_.bytes += bytes;
    frame::WritableSlot full = std::move(slot_);
    if (setup_.holds_two) {
        slot_ = sink_->take_slot();
    }
    steady_since_ = steady_since_ == never ? engine_.now() : steady_since_;
    sink_->publish(std::move(full), info);
}

/// As a camera without JPEG, that sometimes has no buffer left.
source::RawFrame SimSource::lend_raw(Instant captured_at) noexcept {
    static const encode::RawPicture picture;
    if (captured_at != newest_at_) {
        complain("a rendition asks for the raw picture of an older frame");
    }
    if (++raw_asked_ % 2 == 0) {
        return {};
    }
    engine_.decisions().note(FaultKind::raw_lent);
    ++raw_lent_;
    return {*this, raw_asked_, picture};
}

void SimSource::take_back(std::uint64_t number) noexcept {
    if (raw_lent_ == 0 || number > raw_asked_) {
        return complain("a raw picture was given back that was not lent");
    }
    --raw_lent_;
}

void SimSource::lose_signal() {
    Decisions& decisions = engine_.decisions();
    decisions.note(FaultKind::source_signal_lost);
    steady_since_ = never;
    signal_back_at_ = engine_.now() + std::chrono::milliseconds(decisions.between(1, loss_ms_max));
    sink_->signal_lost(reasons[decisions.below(reasons.size())]);
}

void SimSource::on_deadline(Instant now) noexcept {
    if (signal_back_at_ > now) {
        return;
    }
    signal_back_at_ = never;
    if (engine_.decisions().once_in(2)) { // the signal stays lost, for another reason
        lose_signal();
    } else if (setup_.pauses && !watched_) {
        pause();
    }
}

void SimSource::stop() noexcept {
    signal_back_at_ = never;
    steady_since_ = never;
    slot_.reset();
    end();
}

SimPainter::SimPainter(SimEngine& engine, FrameLog& log)
    : engine_(engine), log_(log), event_(engine.open_event()) {}

void SimPainter::request(io::StreamId stream, std::string_view, std::string_view, std::uint16_t,
                         std::uint16_t) noexcept {
    if (stream.index >= canvases_.size()) {
        canvases_.resize(stream.index + 1);
    }
    const std::uint64_t number = ++canvases_[stream.index].requested;
    if (!reading_ && !stopping_) {
        arm();
    }
    engine_.events().after(std::chrono::milliseconds(1 + engine_.decisions().below(paint_ms_max)),
                           [this, stream, number] { paint(stream, number); });
}

void SimPainter::paint(io::StreamId stream, std::uint64_t request) {
    if (stopping_ || canvases_[stream.index].requested != request) {
        return;
    }
    Canvas& canvas = canvases_[stream.index];
    canvas.picture.resize(placeholder_bytes);
    Picture picture;
    picture.stream = stream;
    picture.placeholder = true;
    (void)log_.make(canvas.picture, picture);
    canvas.painted = request;
    engine_.signal(event_);
}

void SimPainter::arm() {
    reading_ = true;
    engine_.read({io::OpKind::painter, 0, ++run_}, event_, event_count_);
}

void SimPainter::on_completion(const io::Completion&) noexcept {
    if (closing_) {
        stopped_ = true;
        return;
    }
    reading_ = false;
    if (!stopping_) {
        arm();
        return;
    }
    closing_ = true;
    engine_.close({io::OpKind::painter, 0, ++run_}, event_);
}

ConstByteSpan SimPainter::picture(io::StreamId stream) const noexcept {
    if (stream.index >= canvases_.size()) {
        return {};
    }
    const Canvas& canvas = canvases_[stream.index];
    return canvas.painted == canvas.requested ? ConstByteSpan(canvas.picture) : ConstByteSpan{};
}

void SimPainter::stop() noexcept {
    stopping_ = true;
    if (reading_) {
        engine_.cancel({}, {io::OpKind::painter, 0, run_});
    } else {
        closing_ = true;
        engine_.close({io::OpKind::painter, 0, ++run_}, event_);
    }
}

} // namespace ringcast::sim
