#include "encode/transform_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "encode/raw_scaler.hpp"
#include "encode/text_overlay.hpp"
#include "threads/mailbox.hpp"

namespace ringcast::encode {

namespace {

/// Lowers the priority of the calling thread: with a niceness of 10 it has a tenth of the processor's
/// time beside an ordinary thread. On Linux the priority belongs to the thread, whose id getpriority and
/// setpriority take (sched(7)).
void yield_to_other_threads(int niceness) noexcept {
    const auto thread = static_cast<id_t>(gettid());
    const int before = getpriority(PRIO_PROCESS, thread);
    // A higher niceness is always allowed; the kernel limits it to 19.
    static_cast<void>(setpriority(PRIO_PROCESS, thread, before + niceness));
}

} // namespace

/// A thread with one job at a time.
class TransformPool::Worker {
public:
    Worker(const threads::WakeEvent& wake, ReadClock read_clock, Limits limits)
        : wake_(&wake), read_clock_(read_clock), niceness_(limits.niceness),
          transformer_(limits.pixels_max), thread_([this] { run(); }) {}
    Worker(Worker&&) = delete;
    Worker& operator=(Worker&&) = delete;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { RINGCAST_ASSERT(!thread_.joinable()); }

    // --- the loop's side ---

    [[nodiscard]] bool idle() const noexcept { return !busy_; }
    /// Precondition: `idle()`.
    void begin(const Job& job) noexcept {
        RINGCAST_ASSERT(!busy_);
        busy_ = true;
        jobs_.put(job);
    }
    [[nodiscard]] std::optional<Answer> take_answer() noexcept {
        const std::optional<Answer> answer = answers_.take();
        busy_ = busy_ && !answer.has_value();
        return answer;
    }
    void close() noexcept { jobs_.close(); }
    /// True once the thread has delivered its last answer.
    [[nodiscard]] bool finished() const noexcept {
        return finished_.load(std::memory_order_acquire);
    }
    void join() noexcept { thread_.join(); }

private:
    // --- the thread's side ---

    void run() noexcept {
        yield_to_other_threads(niceness_);
        while (const std::optional<Job> job = jobs_.wait_and_take()) {
            answers_.put(answer_to(*job));
            wake_->wake();
        }
        finished_.store(true, std::memory_order_release);
        wake_->wake();
    }
    [[nodiscard]] Answer answer_to(const Job& job) noexcept {
        const Instant begun = read_clock_();
        const TransformResult result =
            job.raw.has_value() ? transform_raw(job)
                                : transformer_.transform(job.jpeg, job.transform, job.into);
        return {job.ticket, result, read_clock_() - begun};
    }
    [[nodiscard]] TransformResult transform_raw(const Job& job) noexcept;

    const threads::WakeEvent* wake_;
    ReadClock read_clock_;
    int niceness_;
    bool busy_ = false; ///< used by the loop only

    JpegTransformer transformer_; ///< this and the next two are used by the thread only
    RawScaler scaler_;
    RawEncoder encoder_;
    threads::Mailbox<Job> jobs_;
    threads::Mailbox<Answer> answers_;
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

TransformResult TransformPool::Worker::transform_raw(const Job& job) noexcept {
    constexpr TransformError memory_short{TransformFailure::out_of_memory, "memory is short"};
    if (const std::string_view problem = problem_of(*job.raw); !problem.empty()) {
        return tl::unexpected(TransformError{TransformFailure::unsupported, problem});
    }
    const os::DmabufAccess access(job.dmabufs, os::DmabufUse::read);
    const RawPicture* const scaled = scaler_.scale(*job.raw, job.transform);
    if (scaled == nullptr) {
        return tl::unexpected(memory_short);
    }
    if (job.transform.overlay != nullptr) {
        // Lent pictures are only read, and those that are not changed are not copied.
        RINGCAST_ASSERT(scaled->planes[0].bytes.data() != job.raw->planes[0].bytes.data());
        draw_overlay(*scaled, *job.transform.overlay, job.transform.captured);
    }
    EncodeSettings settings;
    settings.quality = job.transform.quality > 0 ? job.transform.quality : default_quality;
    const std::optional<std::size_t> bytes = encoder_.encode(*scaled, settings, job.into);
    if (!bytes.has_value()) {
        constexpr TransformError no_room{TransformFailure::does_not_fit, "the result does not fit"};
        return tl::unexpected(encoder_.out_of_memory() ? memory_short : no_room);
    }
    return TransformedPicture{*bytes, scaled->width, scaled->height,
                              TransformedPicture::How::recompressed};
}

Result<std::unique_ptr<TransformPool>> TransformPool::create(io::Engine& engine, io::OpToken token,
                                                             ReadClock read_clock, Limits limits) {
    threads::WakeEvent wake;
    if (!wake.open()) {
        return fail(std::string("can't create an event descriptor for renditions: ") +
                    std::strerror(errno));
    }
    return std::make_unique<TransformPool>(engine, token, read_clock, limits, std::move(wake));
}

TransformPool::TransformPool(io::Engine& engine, io::OpToken token, ReadClock read_clock,
                             Limits limits, threads::WakeEvent wake)
    : engine_(&engine), token_(token), read_clock_(read_clock), limits_(limits),
      wake_(std::move(wake)) {
    RINGCAST_ASSERT(limits.workers_max >= 1);
    workers_.reserve(static_cast<std::size_t>(limits.workers_max));
    answers_.reserve(static_cast<std::size_t>(limits.workers_max));
    wake_.read(*engine_, token_);
}

TransformPool::~TransformPool() {
    RINGCAST_ASSERT(stopped());
}

int TransformPool::free_workers() const noexcept {
    const auto busy =
        std::ranges::count_if(workers_, [](const auto& worker) { return !worker->idle(); });
    return limits_.workers_max - static_cast<int>(busy);
}

bool TransformPool::submit(const Job& job) noexcept {
    RINGCAST_ASSERT(!stopping_);
    RINGCAST_ASSERT(free_workers() > 0);
    // One that is idle before a new one: its memory has the right size already.
    const auto idle =
        std::ranges::find_if(workers_, [](const auto& worker) { return worker->idle(); });
    if (idle != workers_.end()) {
        (*idle)->begin(job);
        return true;
    }
    try {
        workers_.push_back(std::make_unique<Worker>(wake_, read_clock_, limits_));
    } catch (const std::system_error&) {
        return false;
    } catch (const std::bad_alloc&) {
        return false;
    }
    workers_.back()->begin(job);
    return true;
}

std::span<const TransformPool::Answer>
TransformPool::on_completion(const io::Completion& completion) noexcept {
    answers_.clear();
    if (stopped_ || !(completion.token == token_)) {
        return answers_;
    }
    // Read before the answers: a thread that has finished has delivered its last answer before.
    const bool finished = stopping_ && std::ranges::all_of(workers_, [](const auto& worker) {
                              return worker->finished();
                          });
    for (const std::unique_ptr<Worker>& worker : workers_) {
        if (const std::optional<Answer> answer = worker->take_answer()) {
            answers_.push_back(*answer); // memory for one answer of each worker is reserved
        }
    }
    if (finished) {
        std::ranges::for_each(workers_, [](const auto& worker) { worker->join(); });
        stopped_ = true;
    } else {
        wake_.read(*engine_, token_);
    }
    return answers_;
}

void TransformPool::stop() noexcept {
    stopping_ = true;
    std::ranges::for_each(workers_, [](const auto& worker) { worker->close(); });
    wake_.wake(); // completes the read also when there are no threads
}

} // namespace ringcast::encode
