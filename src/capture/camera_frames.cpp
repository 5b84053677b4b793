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
                           int encode_workers, PictureChanges changes)
    : changes_(std::move(changes)), jpeg_(engine, recycler, counters),
      encoded_(engine, recycler, counters, wanted.quality, encode_workers,
               changes_.overlay ? &*changes_.overlay : nullptr),
      wanted_tier_(wanted.tier), wanted_format_(wanted.format),
      encodes_always_(wanted.fps <= encoded_always_fps_max) {}

void CameraFrames::start(source::FrameSink& sink, io::StreamId stream, io::OpToken encode_token,
                         std::uint8_t release_operation) noexcept {
    jpeg_.start(sink, stream, release_operation);
    encoded_.start(sink, encode_token);
    set_watched(false);
}

Result<void> CameraFrames::open(OpenedCamera camera) {
    if (camera.buffers.empty()) {
        return fail("the camera has no buffers");
    }
    const bool jpeg = camera.format == camera::mjpeg_format;
    const bool here = camera.turn != PictureTurn{} || changes_.overlay;
    const bool unchanged = jpeg && !here;
    auto opened = unchanged ? jpeg_.open(std::move(camera.buffers), wanted_tier_)
                            : encoded_.open(std::move(camera));
    if (opened) {
        way_ = unchanged ? Way::unchanged : Way::encoded;
        makes_jpeg_ = jpeg;
        here_ = here;
    }
    return opened;
}

void CameraFrames::close() noexcept {
    jpeg_.close();
    encoded_.close();
    way_ = Way::none;
}

jpeg::Fault CameraFrames::take(const camera::CapturedFrame& frame) noexcept {
    if (way_ == Way::encoded) {
        encoded_.take(frame);
        return {};
    }
    return jpeg_.take(frame) == camera::FrameOutcome::damaged ? jpeg_.fault() : jpeg::Fault();
}

void CameraFrames::describe(source::CameraStatus& status) const {
    const camera::CameraCounters& pool = jpeg_.counters();
    const EncodeCounters& encoded = encoded_.counters();
    status.buffers_free = pool.buffers_free;
    if (way_ == Way::unchanged) {
        status.tier = jpeg_.tier();
        status.tier_reason = jpeg_.tier_reason();
    } else if (way_ == Way::encoded) {
        status.tier = "encoded";
        status.tier_reason = makes_jpeg_              ? "its pictures are changed"
                             : wanted_format_.empty() ? "the camera makes no JPEG"
                                                      : "`format` asks for " + wanted_format_;
        status.buffers_free = status.buffers - encoded_.buffers_in_use();
    }
    status.buffers_lent = pool.buffers_lent;
    status.counters.lent = pool.lent;
    status.counters.copied = pool.copied;
    status.counters.copied_under_pressure = pool.copied_under_pressure;
    status.counters.bytes_copied = pool.bytes_copied;
    status.counters.encoded = encoded.encoded;
    status.counters.encode_skipped = encoded.encode_skipped;
    status.counters.encode = encoded.encode;
}

std::optional<source::PictureStatus> CameraFrames::picture() const {
    if (changes_.turn == PictureTurn{} && !changes_.overlay) {
        return std::nullopt;
    }
    source::PictureStatus status;
    status.turn = changes_.turn;
    status.overlay = changes_.overlay.has_value();
    if (way_ != Way::none && !here_) {
        status.how = "camera";
        return status;
    }
    const EncodeCounters& encoded = encoded_.counters();
    status.made = encoded.encoded;
    status.lossless = encoded.lossless;
    status.work = encoded.encode;
    if (way_ == Way::encoded && !makes_jpeg_) {
        status.how = "raw";
    } else if (encoded.encoded > 0) {
        status.how = encoded.last_lossless ? "lossless" : "recompressed";
    }
    return status;
}

} // namespace ringcast::capture
