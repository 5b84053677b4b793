#pragma once
// Threads that make smaller or turned pictures, from borrowed memory into borrowed memory. The loop submits jobs; an eventfd that it reads through the engine signals
// that some are done. Knows no streams, no slots and no policy.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "encode/jpeg_transformer.hpp"
#include "encode/raw_picture.hpp"
#include "os/dmabuf_access.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::encode {

class TransformPool {
public:
    struct Job {
        std::uint64_t ticket = 0; ///< the caller's name for the job
        ConstByteSpan jpeg;       ///< must stay unchanged until the answer
        /// Used instead of `jpeg` when present. Its planes must stay mapped and unchanged until the
        /// answer.
        std::optional<RawPicture> raw;
        os::Dmabufs dmabufs = os::no_dmabufs; ///< that hold the planes of `raw`
        PictureTransform transform;
        ByteSpan into; ///< must not be used until the answer
    };
    struct Answer {
        std::uint64_t ticket = 0;
        TransformResult result;
        Duration time{}; ///< from the begin of the work to its end
    };
    using ReadClock = Instant (*)() noexcept;
    struct Limits {
        int workers_max = 1;        ///< threads, at least 1
        std::size_t pixels_max = 0; ///< a larger JPEG is refused
        int niceness = 10;          ///< of the threads, above that of the thread that starts them
    };

    /// The pool's operations use `token`; the caller passes completions with it to `on_completion`.
    /// Starts no thread yet. Fails when no descriptor is available.
    [[nodiscard]] static Result<std::unique_ptr<TransformPool>>
    create(io::Engine& engine, io::OpToken token, ReadClock read_clock, Limits limits);
    /// Public only for `create`.
    TransformPool(io::Engine& engine, io::OpToken token, ReadClock read_clock, Limits limits,
                  threads::WakeEvent wake);
    TransformPool(const TransformPool&) = delete;
    TransformPool& operator=(const TransformPool&) = delete;
    TransformPool(TransformPool&&) = delete;
    TransformPool& operator=(TransformPool&&) = delete;
    /// Precondition: `stopped()`.
    ~TransformPool();

    /// How many jobs may be submitted now, without waiting for answers.
    [[nodiscard]] int free_workers() const noexcept;
    /// Preconditions: `free_workers()` > 0, and `stop` has not been called. False when the job needs
    /// a new thread and none can be started; it is not done then, and may be submitted again later.
    /// Once a worker has been started it is kept, and jobs for it allocate nothing.
    [[nodiscard]] bool submit(const Job& job) noexcept;
    /// The jobs that are done, when this completion signals some; valid until the next call.
    [[nodiscard]] std::span<const Answer> on_completion(const io::Completion& completion) noexcept;

    /// Asks the threads to end. Jobs that have begun are finished first, and answered.
    void stop() noexcept;
    /// True once all threads have ended and the engine holds no operation of the pool. Borrowed memory
    /// is no longer used then, answered or not.
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

private:
    class Worker;

    io::Engine* engine_;
    io::OpToken token_;
    ReadClock read_clock_;
    Limits limits_;
    threads::WakeEvent wake_;
    bool stopping_ = false;
    bool stopped_ = false;
    std::vector<std::unique_ptr<Worker>> workers_; ///< those that were started
    std::vector<Answer> answers_;
};

} // namespace ringcast::encode
