#include "capture/camera_frames.hpp"

#include <utility>

#include "camera/camera_offer.hpp"

namespace ringcast::capture {

namespace {

/// Cameras with more frames per second are encoded only while somebody is watching.
constexpr double encoded_always_fps_max = 1;

} // namespace

CameraFrames::CameraFrames(io::Engine& engine, camera::BufferRecycler& recycler,
                           source::SourceCounters& counters, const config::LibcameraConfig& wanted,
                           int encode_workers)
    : jpeg_(engine, recycler, counters),
      raw_(engine, recycler, counters, wanted.quality, encode_workers), wanted_tier_(wanted.tier),
      wanted_format_(wanted.format), encodes_always_(wanted.fps <= encoded_always_fps_max) {}

void CameraFrames::start(source::FrameSink& sink, io::StreamId stream, io::OpToken encode_token,
                         std::uint8_t release_operation) noexcept {
    jpeg_.start(sink, stream, release_operation);
    raw_.start(sink, encode_token);
    set_watched(false);
}

Result<void> CameraFrames::open(OpenedCamera camera) {
    if (camera.buffers.empty()) {
        return fail("the camera has no buffers");
    }
    const bool jpeg = camera.format == camera::mjpeg_format;
    auto opened =
        jpeg ? jpeg_.open(std::move(camera.buffers), wanted_tier_) : raw_.open(std::move(camera));
    if (opened) {
        format_ = jpeg ? Format::jpeg : Format::raw;
    }
    return opened;
}

void CameraFrames::close() noexcept {
    jpeg_.close();
    raw_.close();
    format_ = Format::none;
}

jpeg::Fault CameraFrames::take(const camera::CapturedFrame& frame) noexcept {
    if (format_ == Format::raw) {
        raw_.take(frame);
        return {};
    }
    return jpeg_.take(frame) == camera::FrameOutcome::damaged ? jpeg_.fault() : jpeg::Fault();
}

void CameraFrames::describe(source::CameraStatus& status) const {
    const camera::CameraCounters& pool = jpeg_.counters();
    const RawFrameCounters& raw = raw_.counters();
    status.buffers_free = pool.buffers_free;
    if (format_ == Format::jpeg) {
        status.tier = jpeg_.tier();
        status.tier_reason = jpeg_.tier_reason();
    } else if (format_ == Format::raw) {
        status.tier = "encoded";
        status.tier_reason = wanted_format_.empty() ? "the camera makes no JPEG"
                                                    : "`format` asks for " + wanted_format_;
        status.buffers_free = status.buffers - raw_.buffers_in_use();
    }
    status.buffers_lent = pool.buffers_lent;
    status.counters.lent = pool.lent;
    status.counters.copied = pool.copied;
    status.counters.copied_under_pressure = pool.copied_under_pressure;
    status.counters.bytes_copied = pool.bytes_copied;
    status.counters.encoded = raw.encoded;
    status.counters.encode_skipped = raw.encode_skipped;
    status.counters.encode = raw.encode;
}

} // namespace ringcast::capture
