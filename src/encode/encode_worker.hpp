#pragma once
// Encodes pictures in threads of its own, from memory that is lent to it into memory that is lent
// to it. The loop gives it one job at a time, is told of the end through an eventfd that it reads
// through the engine, and finds the answer. Knows no camera, no slots and no policy.

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"
#include "encode/band_encoder.hpp"
#include "encode/raw_picture.hpp"
#include "os/dmabuf_access.hpp"
#include "threads/mailbox.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::encode {

class EncodeWorker {
public:
    struct Job {
        /// Its planes, and what they are mapped from, stay as they are until the answer.
        RawPicture picture;
        os::Dmabufs dmabufs = os::no_dmabufs;
        int quality = 80; ///< 1 to 100
        ByteSpan into;    ///< nobody else's until the answer
    };
    struct Answer {
        /// The JPEG's length; none when it does not fit or the picture has a `problem_of`.
        std::optional<std::size_t> bytes;
        std::size_t bytes_moved = 0; ///< to join what several workers made
        Duration encode_time{};
    };
    using ReadClock = Instant (*)() noexcept;

    /// `token` is of the caller's operations; completions with it are to be handed on. `workers`
    /// encode each picture together, at least 1. Fails when the system has no descriptor or thread
    /// left.
    [[nodiscard]] static Result<std::unique_ptr<EncodeWorker>>
    create(io::Engine& engine, io::OpToken token, ReadClock read_clock, int workers);
    /// For `create`.
    EncodeWorker(io::Engine& engine, io::OpToken token, ReadClock read_clock, int workers,
                 threads::WakeEvent wake);
    EncodeWorker(const EncodeWorker&) = delete;
    EncodeWorker& operator=(const EncodeWorker&) = delete;
    EncodeWorker(EncodeWorker&&) = delete;
    EncodeWorker& operator=(EncodeWorker&&) = delete;
    /// It has stopped.
    ~EncodeWorker();

    /// True exactly when it has no job that isn't answered.
    [[nodiscard]] bool idle() const noexcept { return !busy_; }
    /// It is idle, and has not been asked to stop.
    void encode(const Job& job) noexcept;
    /// The answer to the job, if this completion brings it.
    [[nodiscard]] std::optional<Answer> on_completion(const io::Completion& completion) noexcept;

    /// A job that has begun is finished first, and answered.
    void stop() noexcept;
    /// True once the thread has ended and the engine holds no operation of it. What was lent is the
    /// owner's again then, answered or not.
    [[nodiscard]] bool stopped() const noexcept { return !thread_.joinable(); }

private:
    void run() noexcept;
    [[nodiscard]] Answer answer_to(const Job& job) noexcept;

    io::Engine* engine_;
    io::OpToken token_;
    ReadClock read_clock_;
    threads::WakeEvent wake_;
    bool busy_ = false;

    BandEncoder encoder_; ///< the thread's
    threads::Mailbox<Job> jobs_;
    threads::Mailbox<Answer> answers_;
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

} // namespace ringcast::encode
