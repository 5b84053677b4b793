#pragma once
// Encodes raw pictures, turns raw pictures and JPEGs, and draws texts into them, in threads of its own, from borrowed memory
// into borrowed memory. The loop submits one job at a time; an eventfd that it reads through the engine
// signals the end of the job. Knows no camera, no slots and no policy.

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>

#include "base/picture_turn.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/overlay_config.hpp"
#include "encode/band_encoder.hpp"
#include "encode/jpeg_transformer.hpp"
#include "encode/raw_picture.hpp"
#include "encode/raw_scaler.hpp"
#include "os/dmabuf_access.hpp"
#include "threads/mailbox.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::encode {

class EncodeWorker {
public:
    struct Job {
        /// The planes must stay mapped and unchanged until the answer.
        RawPicture picture;
        ConstByteSpan jpeg; ///< used instead of `picture` unless empty; as long as its planes
        os::Dmabufs dmabufs = os::no_dmabufs; ///< that hold the picture
        PictureTurn turn;                     ///< before it is encoded
        /// Drawn into the result, and into the memory of a raw picture that is not turned; null: none.
        const config::OverlayConfig* overlay = nullptr;
        WallTime captured{}; ///< for the overlay
        int quality = 80;    ///< 1 to 100, of a raw picture
        ByteSpan into;       ///< must not be used until the answer
    };
    struct Answer {
        TransformResult result;
        std::size_t bytes_moved = 0; ///< copied to join the bands of several workers
        Duration encode_time{};
    };
    using ReadClock = Instant (*)() noexcept;
    struct Limits {
        int workers = 1;            ///< that encode each raw picture together, at least 1
        std::size_t pixels_max = 0; ///< a larger JPEG is refused
    };

    /// The worker's operations use `token`; the caller passes completions with it to
    /// `on_completion`. Fails when no descriptor or thread is available.
    [[nodiscard]] static Result<std::unique_ptr<EncodeWorker>>
    create(io::Engine& engine, io::OpToken token, ReadClock read_clock, Limits limits);
    /// Public only for `create`.
    EncodeWorker(io::Engine& engine, io::OpToken token, ReadClock read_clock, Limits limits,
                 threads::WakeEvent wake);
    EncodeWorker(const EncodeWorker&) = delete;
    EncodeWorker& operator=(const EncodeWorker&) = delete;
    EncodeWorker(EncodeWorker&&) = delete;
    EncodeWorker& operator=(EncodeWorker&&) = delete;
    /// Precondition: `stopped()`.
    ~EncodeWorker();

    /// True exactly when every job has been answered.
    [[nodiscard]] bool idle() const noexcept { return !busy_; }
    /// Precondition: `idle()`, and `stop` has not been called.
    void encode(const Job& job) noexcept;
    /// Returns the answer to the job when this completion signals it.
    [[nodiscard]] std::optional<Answer> on_completion(const io::Completion& completion) noexcept;

    /// Asks the thread to end. A job that has begun is finished first, and answered.
    void stop() noexcept;
    /// True once the thread has ended and the engine holds no operation of the worker. Borrowed
    /// memory is no longer used then, answered or not.
    [[nodiscard]] bool stopped() const noexcept { return !thread_.joinable(); }

private:
    void run() noexcept;
    [[nodiscard]] Answer answer_to(const Job& job) noexcept;
    [[nodiscard]] TransformResult encode_raw(const Job& job, std::size_t& bytes_moved) noexcept;

    io::Engine* engine_;
    io::OpToken token_;
    ReadClock read_clock_;
    threads::WakeEvent wake_;
    bool busy_ = false;

    BandEncoder encoder_; ///< this and the next two are used by the thread only
    RawScaler turner_;
    JpegTransformer transformer_;
    threads::Mailbox<Job> jobs_;
    threads::Mailbox<Answer> answers_;
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

} // namespace ringcast::encode
