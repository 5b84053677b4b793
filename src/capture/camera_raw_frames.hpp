#pragma once
// Frames of a camera that makes no JPEG: encoded straight from its buffers into slots, in a thread
// of their own, and only while somebody watches. When encoding can't keep up whole frames are left
// out, and the newest wins.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "capture/buffer_return.hpp"
#include "capture/camera_device.hpp"
#include "encode/encode_worker.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"
#include "threads/latest_only.hpp"

namespace ringcast::capture {

/// What is counted of them beside SourceCounters.
struct RawFrameCounters {
    std::uint64_t encoded = 0;
    std::uint64_t encode_skipped = 0; ///< because nobody watched
    Duration encode_time{};           ///< sum over `encoded`
};

class CameraRawFrames {
public:
    /// All of them outlive it. `quality`: 1 to 100. `workers` encode one picture together.
    CameraRawFrames(io::Engine& engine, BufferReturn& buffers, source::SourceCounters& counters,
                    int quality, int workers)
        : engine_(engine), buffers_(buffers), counters_(counters), quality_(quality),
          workers_(workers) {}

    /// Once, before all others. `token` is of the encoder's operations.
    void start(source::FrameSink& sink, io::OpToken token) noexcept;
    /// A camera was opened, in a format that `pixel_format` knows; no buffer is queued yet. Fails
    /// when its buffers are no such pictures, or there is no thread left to encode in.
    [[nodiscard]] Result<void> open(OpenedCamera camera);
    /// The buffer comes back when the frame has been encoded, which is when it has been read: the
    /// last line is read at the end, and all that follows is that the compressed bytes of several
    /// encoders are moved together. It comes back at once where the frame is not encoded.
    void take(const CapturedFrame& frame) noexcept;
    void set_watched(bool watched) noexcept;
    /// The camera is being closed: no buffer comes back any more.
    void close() noexcept;
    /// Nothing is open, or will be.
    void stop() noexcept;

    void on_completion(const io::Completion& completion) noexcept;
    /// True exactly when there is no thread and no operation of it, after `stop`.
    [[nodiscard]] bool stopped() const noexcept { return worker_ == nullptr || worker_->stopped(); }
    /// Of the open camera's, those that it has to wait for.
    [[nodiscard]] std::uint32_t buffers_held() const noexcept;
    [[nodiscard]] const RawFrameCounters& counters() const noexcept { return own_counters_; }

private:
    struct Camera {
        std::vector<CameraBuffer> buffers;
        std::vector<encode::RawPicture> pictures; ///< what is in each of them
        config::PictureSize size;
    };

    void encode_next() noexcept;
    void publish(const encode::EncodeWorker::Answer& answer) noexcept;

    io::Engine& engine_;
    BufferReturn& buffers_;
    source::SourceCounters& counters_;
    int quality_;
    int workers_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_;
    std::unique_ptr<encode::EncodeWorker> worker_; ///< from the first camera on
    std::optional<Camera> camera_;                 ///< the open one
    /// One that was closed while a frame of it is being encoded: its memory stays until then.
    std::optional<Camera> closed_;
    threads::LatestOnly<CapturedFrame> queue_;
    CapturedFrame encoded_{};  ///< the one that is being encoded
    frame::WritableSlot slot_; ///< what it is encoded into
    bool watched_ = false;
    bool stopping_ = false;
    RawFrameCounters own_counters_;
};

} // namespace ringcast::capture
