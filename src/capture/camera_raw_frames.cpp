#include "capture/camera_raw_frames.hpp"

#include <utility>

#include "base/assert.hpp"
#include "capture/raw_planes.hpp"
#include "os/clock.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::capture {

void CameraRawFrames::start(source::FrameSink& sink, io::OpToken token) noexcept {
    sink_ = &sink;
    token_ = token;
}

// --- opening and closing ---

Result<void> CameraRawFrames::open(OpenedCamera camera) {
    RINGCAST_ASSERT(!camera_);
    Camera made{std::move(camera.buffers), {}, camera.size};
    for (const CameraBuffer& buffer : made.buffers) {
        auto picture =
            raw_picture(*pixel_format(camera.format), camera.size, camera.stride, buffer.planes());
        if (!picture) {
            return tl::unexpected(picture.error());
        }
        picture->range = camera.colour_range;
        picture->matrix = camera.colour_matrix;
        made.pictures.push_back(*picture);
    }
    if (worker_ == nullptr) {
        auto worker = encode::EncodeWorker::create(engine_, token_, &os::monotonic_now, workers_);
        if (!worker) {
            return tl::unexpected(worker.error());
        }
        worker_ = std::move(*worker);
    }
    camera_ = std::move(made);
    return {};
}

void CameraRawFrames::close() noexcept {
    if (!camera_) {
        return;
    }
    static_cast<void>(queue_.withdraw());
    // The frame being encoded is of this camera, or of the one before, which is kept already.
    if (queue_.encoding() && !closed_) {
        closed_ = std::move(camera_);
    }
    camera_.reset();
}

void CameraRawFrames::stop() noexcept {
    RINGCAST_ASSERT(!camera_);
    if (!std::exchange(stopping_, true) && worker_ != nullptr && worker_->idle()) {
        worker_->stop();
    }
}

std::uint32_t CameraRawFrames::buffers_in_use() const noexcept {
    const bool encoding = queue_.encoding() && !closed_;
    return (encoding ? 1U : 0U) + (queue_.waiting() ? 1U : 0U);
}

// --- frames ---

void CameraRawFrames::take(const camera::CapturedFrame& frame) noexcept {
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

void CameraRawFrames::encode_next() noexcept {
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
    worker_->encode({.picture = camera_->pictures[frame->buffer],
                     .dmabufs = camera_->buffers[frame->buffer].dmabufs(),
                     .quality = quality_,
                     .into = frame::SlotGeometry::frame_part(slot_.payload())});
}

void CameraRawFrames::on_completion(const io::Completion& completion) noexcept {
    const auto answer = worker_ == nullptr ? std::nullopt : worker_->on_completion(completion);
    if (!answer) {
        return;
    }
    queue_.finish();
    if (!closed_ && camera_) {
        recycler_.recycle(encoded_.buffer);
        publish(*answer);
    }
    closed_.reset();
    slot_.reset();
    if (stopping_) {
        worker_->stop();
    } else if (camera_) {
        encode_next();
    }
}

void CameraRawFrames::publish(const encode::EncodeWorker::Answer& answer) noexcept {
    ++own_counters_.encoded;
    own_counters_.encode.add(answer.encode_time);
    counters_.bytes_moved += answer.bytes_moved;
    if (!watched_) {
        return; // the stream is paused; one more frame would make it expect further ones
    }
    if (!answer.bytes) {
        ++counters_.frames_oversized;
        return;
    }
    frame::FrameInfo info;
    info.jpeg_offset = slot_.payload_offset();
    info.jpeg_bytes = *answer.bytes;
    info.width = camera_->size.width;
    info.height = camera_->size.height;
    info.captured = encoded_.captured;
    info.captured_at = encoded_.captured_at;
    source::publish_frame(*sink_, counters_, std::move(slot_), info, false);
}

void CameraRawFrames::set_watched(bool watched) noexcept {
    watched_ = watched;
    if (watched) {
        return;
    }
    if (const auto waiting = queue_.withdraw()) {
        ++own_counters_.encode_skipped;
        recycler_.recycle(waiting->buffer);
    }
}

} // namespace ringcast::capture
