#include "capture/camera_encoded_frames.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "capture/raw_planes.hpp"
#include "os/clock.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::capture {

void CameraEncodedFrames::start(source::FrameSink& sink, io::OpToken token) noexcept {
    sink_ = &sink;
    token_ = token;
}

// --- opening and closing ---

Result<void> CameraEncodedFrames::open(OpenedCamera camera) {
    RINGCAST_ASSERT(!camera_);
    const auto format = pixel_format(camera.format);
    Camera made;
    made.number = ++opened_;
    made.buffers = std::move(camera.buffers);
    made.borrowers = std::vector<std::uint32_t>(made.buffers.size());
    made.turn = camera.turn;
    for (const CameraBuffer& buffer : made.buffers) {
        if (!format) {
            break; // JPEG
        }
        auto picture = raw_picture(*format, camera.size, camera.stride, buffer.planes());
        if (!picture) {
            return tl::unexpected(picture.error());
        }
        picture->range = camera.colour_range;
        picture->matrix = camera.colour_matrix;
        made.pictures.push_back(*picture);
    }
    if (auto worker = make_worker(); !worker) {
        return worker;
    }
    closed_.reserve(closed_.size() + 1); // so that `close` can't fail
    camera_ = std::move(made);
    return {};
}

Result<void> CameraEncodedFrames::make_worker() {
    if (worker_ != nullptr) {
        return {};
    }
    const jpeg::PictureLimit& largest = sink_->arena().geometry().picture_max;
    const std::size_t pixels = std::min<std::size_t>(std::size_t{largest.width} * largest.height,
                                                     jpeg::PictureLimit::pixels_max);
    auto worker =
        encode::EncodeWorker::create(engine_, token_, &os::monotonic_now, {workers_, pixels});
    if (!worker) {
        return tl::unexpected(worker.error());
    }
    worker_ = std::move(*worker);
    return {};
}

void CameraEncodedFrames::close() noexcept {
    if (!camera_) {
        return;
    }
    static_cast<void>(queue_.withdraw());
    shown_.reset();
    if (camera_->in_use()) {
        closed_.push_back(std::move(*camera_)); // there is room
    }
    camera_.reset();
}

void CameraEncodedFrames::stop() noexcept {
    RINGCAST_ASSERT(!camera_);
    if (!std::exchange(stopping_, true) && worker_ != nullptr && worker_->idle()) {
        worker_->stop();
    }
}

std::uint32_t CameraEncodedFrames::buffers_in_use() const noexcept {
    if (!camera_) {
        return 0;
    }
    const bool shown_only = shown_ && camera_->borrowers[shown_->buffer] == 0;
    return (camera_->encoding ? 1U : 0U) + (queue_.waiting() ? 1U : 0U) + (shown_only ? 1U : 0U) +
           static_cast<std::uint32_t>(camera_->lent());
}

// --- frames ---

void CameraEncodedFrames::take(const camera::CapturedFrame& frame) noexcept {
    if (!watched_) {
        ++own_counters_.encode_skipped;
        recycler_.recycle(frame.buffer);
        return;
    }
    if (const auto older = queue_.offer(frame)) {
        ++counters_.frames_dropped;
        recycler_.recycle(older->buffer);
    }
    encode_next();
}

void CameraEncodedFrames::encode_next() noexcept {
    const auto frame = queue_.begin();
    if (!frame) {
        return;
    }
    slot_ = sink_->take_slot();
    if (!slot_.valid()) {
        queue_.finish();
        ++counters_.frames_dropped;
        recycler_.recycle(frame->buffer);
        return;
    }
    encoded_ = *frame;
    camera_->encoding = true;
    const CameraBuffer& buffer = camera_->buffers[frame->buffer];
    encode::EncodeWorker::Job job;
    if (camera_->pictures.empty()) {
        const ByteSpan memory = buffer.planes().front();
        job.jpeg = memory.first(std::min(frame->bytes, memory.size()));
    } else {
        job.picture = camera_->pictures[frame->buffer];
    }
    job.dmabufs = buffer.dmabufs();
    job.turn = camera_->turn;
    job.overlay = overlay_;
    job.captured = frame->captured;
    job.quality = quality_;
    job.into = frame::SlotGeometry::frame_part(slot_.payload());
    worker_->encode(job);
}

std::string_view CameraEncodedFrames::on_completion(const io::Completion& completion) noexcept {
    const auto answer = worker_ == nullptr ? std::nullopt : worker_->on_completion(completion);
    if (!answer) {
        return {};
    }
    const std::uint64_t damaged_before = counters_.frames_damaged;
    queue_.finish();
    if (camera_ && std::exchange(camera_->encoding, false)) {
        keep_or_recycle(encoded_);
        publish(*answer);
    }
    for (Camera& camera : closed_) {
        camera.encoding = false;
    }
    drop_unused();
    slot_.reset();
    if (stopping_) {
        worker_->stop();
    } else if (camera_) {
        encode_next();
    }
    return counters_.frames_damaged > damaged_before ? answer->result.error().reason
                                                     : std::string_view();
}

void CameraEncodedFrames::publish(const encode::EncodeWorker::Answer& answer) noexcept {
    ++own_counters_.encoded;
    own_counters_.encode.add(answer.encode_time);
    counters_.bytes_moved += answer.bytes_moved;
    if (!watched_) {
        return; // the stream is paused; one more frame would make it expect further ones
    }
    if (!answer.result) {
        return count_failure(answer.result.error().failure);
    }
    using How = encode::TransformedPicture::How;
    own_counters_.last_lossless = answer.result->how == How::lossless;
    own_counters_.lossless += own_counters_.last_lossless ? 1U : 0U;
    frame::FrameInfo info;
    info.jpeg_offset = slot_.payload_offset();
    info.jpeg_bytes = answer.result->bytes;
    info.width = static_cast<std::uint16_t>(answer.result->width);
    info.height = static_cast<std::uint16_t>(answer.result->height);
    info.captured = encoded_.captured;
    info.captured_at = encoded_.captured_at;
    source::publish_frame(*sink_, counters_, std::move(slot_), info, false);
}

void CameraEncodedFrames::count_failure(encode::TransformFailure failure) noexcept {
    switch (failure) {
    case encode::TransformFailure::damaged:
    case encode::TransformFailure::unsupported:
        ++counters_.frames_damaged;
        return;
    case encode::TransformFailure::does_not_fit:
        ++counters_.frames_oversized;
        return;
    case encode::TransformFailure::out_of_memory:
        ++counters_.frames_dropped;
        return;
    }
}

void CameraEncodedFrames::set_watched(bool watched) noexcept {
    watched_ = watched;
    if (watched) {
        return;
    }
    recycle_shown();
    if (const auto waiting = queue_.withdraw()) {
        ++own_counters_.encode_skipped;
        recycler_.recycle(waiting->buffer);
    }
}

// --- raw pictures for renditions ---

std::size_t CameraEncodedFrames::Camera::lent() const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(borrowers, [](std::uint32_t count) { return count > 0; }));
}

void CameraEncodedFrames::keep_or_recycle(const camera::CapturedFrame& frame) noexcept {
    // Two of the camera's own, one that is being encoded, and one that waits.
    constexpr std::size_t others = 4;
    recycle_shown();
    const bool wanted = std::exchange(raw_wanted_, false) && !camera_->pictures.empty();
    if (wanted && camera_->lent() + others < camera_->buffers.size()) {
        shown_ = Shown{frame.buffer, frame.captured_at};
    } else {
        recycler_.recycle(frame.buffer);
    }
}

void CameraEncodedFrames::recycle_shown() noexcept {
    if (const auto shown = std::exchange(shown_, std::nullopt)) {
        if (camera_->borrowers[shown->buffer] == 0) {
            recycler_.recycle(shown->buffer);
        }
    }
}

source::RawFrame CameraEncodedFrames::lend_raw(Instant captured_at) noexcept {
    raw_wanted_ = true;
    if (!shown_ || shown_->captured_at != captured_at) {
        return {};
    }
    const std::uint32_t buffer = shown_->buffer;
    ++camera_->borrowers[buffer];
    source::RawFrame lent(*this, (std::uint64_t{camera_->number} << 32U) | buffer,
                          camera_->pictures[buffer]);
    lent.turn = camera_->turn;
    // If it is not turned, the text has been drawn into the camera's memory.
    lent.overlay = camera_->turn == PictureTurn{} ? nullptr : overlay_;
    lent.dmabufs = camera_->buffers[buffer].dmabufs();
    return lent;
}

void CameraEncodedFrames::take_back(std::uint64_t number) noexcept {
    const auto buffer = static_cast<std::uint32_t>(number);
    const auto opening = static_cast<std::uint32_t>(number >> 32U);
    if (!camera_ || camera_->number != opening) {
        --std::ranges::find(closed_, opening, &Camera::number)->borrowers[buffer];
        return drop_unused();
    }
    const bool shown = shown_ && shown_->buffer == buffer;
    if (--camera_->borrowers[buffer] == 0 && !shown) {
        recycler_.recycle(buffer);
    }
}

void CameraEncodedFrames::drop_unused() noexcept {
    std::erase_if(closed_, [](const Camera& camera) { return !camera.in_use(); });
}

} // namespace ringcast::capture
