#pragma once
// Publishes frames of a camera that does not produce JPEG, or whose pictures have to be changed: encodes
// or changes them directly from its buffers into slots, in a separate thread, and only while somebody is
// watching. If that can't keep up, whole frames are dropped, and the latest one is next. While renditions
// ask for it, the raw picture of the newest frame is lent to them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/picture_turn.hpp"
#include "base/result.hpp"
#include "camera/buffer_recycler.hpp"
#include "camera/captured_frame.hpp"
#include "capture/camera_device.hpp"
#include "encode/encode_worker.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "metrics/histogram.hpp"
#include "source/frame_source.hpp"
#include "source/raw_frame.hpp"
#include "threads/latest_only.hpp"

namespace ringcast::capture {

/// Counters in addition to SourceCounters.
struct EncodeCounters {
    std::uint64_t encoded = 0;
    std::uint64_t lossless = 0;       ///< of `encoded`: turned without decoding
    bool last_lossless = false;       ///< the newest frame was
    std::uint64_t encode_skipped = 0; ///< because nobody was watching
    metrics::TimeHistogram encode;    ///< times of `encoded`
};

class CameraEncodedFrames final : private source::RawFrameOwner {
public:
    /// Everything must outlive it. `quality`: 1 to 100, of raw pictures. `workers` encode one of these
    /// together. `overlay` is drawn into the pictures; null: none.
    CameraEncodedFrames(io::Engine& engine, camera::BufferRecycler& recycler,
                        source::SourceCounters& counters, int quality, int workers,
                        const config::OverlayConfig* overlay)
        : engine_(engine), recycler_(recycler), counters_(counters), quality_(quality),
          workers_(workers), overlay_(overlay) {}

    /// Called once, before everything else. `token`: of the encoder's operations.
    void start(source::FrameSink& sink, io::OpToken token) noexcept;
    /// A camera was opened, for JPEG or in a format that `pixel_format` knows; no buffer is queued
    /// yet. Fails if its buffers can't contain such pictures, or no thread is available for encoding.
    [[nodiscard]] Result<void> open(OpenedCamera camera);
    /// The buffer is recycled after the frame was encoded. That is hardly later than after it was
    /// read: the last line is read at the end of encoding, and only joining the compressed bytes of
    /// several encoders follows. It is recycled at once if the frame is not encoded.
    void take(const camera::CapturedFrame& frame) noexcept;
    void set_watched(bool watched) noexcept;
    /// See FrameSource. The picture stays in the camera's buffer, which is missing in the camera
    /// meanwhile: never more of them than leave it two, beside the one that is being encoded and the one
    /// that waits.
    [[nodiscard]] source::RawFrame lend_raw(Instant captured_at) noexcept;
    /// The camera is being closed: no buffer is recycled any more.
    void close() noexcept;
    /// No camera is open, or will be.
    void stop() noexcept;

    /// Returns what is wrong with a JPEG that could not be turned; empty if nothing.
    std::string_view on_completion(const io::Completion& completion) noexcept;
    /// True exactly when no thread, none of its operations and no lent picture is left, after `stop`.
    [[nodiscard]] bool stopped() const noexcept {
        return closed_.empty() && (worker_ == nullptr || worker_->stopped());
    }
    /// Buffers of the open camera whose frames are being encoded, wait for it, or are lent.
    [[nodiscard]] std::uint32_t buffers_in_use() const noexcept;
    [[nodiscard]] const EncodeCounters& counters() const noexcept { return own_counters_; }

private:
    struct Camera {
        std::uint32_t number = 0; ///< counts openings
        std::vector<CameraBuffer> buffers;
        std::vector<encode::RawPicture> pictures; ///< the contents of each buffer; none for JPEG
        std::vector<std::uint32_t> borrowers;     ///< of each buffer: renditions that read it
        PictureTurn turn;
        bool encoding = false; ///< one of its frames
        /// Whether threads read its memory.
        [[nodiscard]] bool in_use() const noexcept { return encoding || lent() > 0; }
        /// Number of buffers that renditions read.
        [[nodiscard]] std::size_t lent() const noexcept;
    };
    /// The raw picture of the newest frame, in the open camera's buffer.
    struct Shown {
        std::uint32_t buffer = 0;
        Instant captured_at{};
    };

    void take_back(std::uint64_t number) noexcept override;
    /// The frame in the buffer has been encoded.
    void keep_or_recycle(const camera::CapturedFrame& frame) noexcept;
    void recycle_shown() noexcept;
    void drop_unused() noexcept;

    [[nodiscard]] Result<void> make_worker();
    void encode_next() noexcept;
    void publish(const encode::EncodeWorker::Answer& answer) noexcept;
    void count_failure(encode::TransformFailure failure) noexcept;

    io::Engine& engine_;
    camera::BufferRecycler& recycler_;
    source::SourceCounters& counters_;
    int quality_;
    int workers_;
    const config::OverlayConfig* overlay_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_;
    std::unique_ptr<encode::EncodeWorker> worker_; ///< created with the first camera
    std::optional<Camera> camera_;                 ///< the open one
    std::vector<Camera> closed_; ///< whose memory stays mapped because threads read it
    std::optional<Shown> shown_;
    bool raw_wanted_ = false; ///< renditions have asked for the raw picture of the frame before
    std::uint32_t opened_ = 0;
    threads::LatestOnly<camera::CapturedFrame> queue_;
    camera::CapturedFrame encoded_{}; ///< being encoded
    frame::WritableSlot slot_;        ///< into which it is encoded
    bool watched_ = false;
    bool stopping_ = false;
    EncodeCounters own_counters_;
};

} // namespace ringcast::capture
