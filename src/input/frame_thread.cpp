#include "input/frame_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <exception>
#include <new>
#include <utility>

#include <poll.h>

#include "base/assert.hpp"
#include "os/clock.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::input {

// --- the thread's side ---

ByteSpan FrameThread::Worker::payload() noexcept {
    if (!loan_.has_value()) {
        loan_ = thread_->loans_.pop();
    }
    return loan_.has_value() ? loan_->payload : ByteSpan{};
}

ByteSpan FrameThread::Worker::memory() const noexcept {
    RINGCAST_ASSERT(loan_.has_value());
    return loan_->memory;
}

std::size_t FrameThread::Worker::payload_offset() const noexcept {
    RINGCAST_ASSERT(loan_.has_value());
    return loan_->payload_offset;
}

void FrameThread::Worker::hand_over(const frame::FrameInfo& info, bool repaired) noexcept {
    RINGCAST_ASSERT(loan_.has_value());
    Message message;
    message.slot = loan_->slot;
    message.frame = info;
    message.repaired = repaired;
    loan_.reset();
    thread_->send(std::move(message));
}

void FrameThread::Worker::report(std::string reason) noexcept {
    Message message;
    message.reason = std::move(reason);
    thread_->send(std::move(message));
}

FrameThread::Worker::Wake FrameThread::Worker::sleep_until(Instant until, int descriptor) noexcept {
    for (;;) {
        if (stop_asked()) {
            return Wake::stop;
        }
        const Duration rest = std::max(until - os::monotonic_now(), Duration(0));
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(rest);
        const timespec time_out{static_cast<time_t>(seconds.count()),
                                static_cast<long>((rest - seconds).count())};
        std::array<pollfd, 2> waited{pollfd{thread_->thread_wake_.fd(), POLLIN, 0},
                                     pollfd{descriptor, POLLIN, 0}};
        const int ready = ppoll(waited.data(), waited.size(), &time_out, nullptr);
        if (ready == 0) {
            return Wake::time;
        }
        if (ready > 0 && waited[1].revents != 0) {
            return Wake::descriptor;
        }
    }
}

bool FrameThread::Worker::stop_asked() const noexcept {
    return thread_->stop_asked_.load(std::memory_order_acquire);
}

void FrameThread::send(Message message) noexcept {
    // A message that does not fit into the queue is unchanged.
    while (!messages_.push(std::move(message))) { // NOLINT(bugprone-use-after-move)
        // The loop is far behind. Waiting loses nothing: the loop has all of the thread's slots.
        if (worker_.sleep_until(os::monotonic_now() + slot_retry_time) == Worker::Wake::stop) {
            return;
        }
    }
    loop_wake_.wake();
}

void FrameThread::run(const Body& body) noexcept {
    // While memory is short the body is started again, until it ends because of `stop`.
    bool ended = false;
    while (!ended) {
        try {
            body(worker_);
            ended = true;
        } catch (const std::bad_alloc&) {
            worker_.report("out of memory"); // so short that std::string allocates nothing for it
            ended =
                worker_.sleep_until(os::monotonic_now() + memory_retry_time) == Worker::Wake::stop;
        }
    }
    finished_.store(true, std::memory_order_release);
    loop_wake_.wake();
}

// --- the loop's side ---

FrameThread::~FrameThread() {
    // The owner has stopped it; a thread that still runs would be a bug.
    RINGCAST_ASSERT(idle());
}

bool FrameThread::begin(source::FrameSink& sink, io::OpToken token, Body body) noexcept {
    RINGCAST_ASSERT(idle());
    sink_ = &sink;
    token_ = token;
    if (!loop_wake_.open() || !thread_wake_.open()) {
        return false;
    }
    worker_.picture_max_ = sink.arena().geometry().picture_max;
    // Before the thread begins: its first frame may be due at once, and the next one far away.
    lend_slots();
    try {
        thread_ = std::thread([this, function = std::move(body)] { run(function); });
    } catch (const std::exception&) { // no thread, or no memory for it
        take_slots_back();
        return false;
    }
    loop_wake_.read(*engine_, token_);
    return true;
}

void FrameThread::on_completion(const io::Completion& completion) noexcept {
    if (idle() || !(completion.token == token_)) {
        return;
    }
    const bool finished = finished_.load(std::memory_order_acquire);
    take_messages();
    if (!finished) {
        lend_slots();
        loop_wake_.read(*engine_, token_);
        return;
    }
    thread_.join(); // does not wait: the thread has finished
    take_slots_back();
}

void FrameThread::take_messages() noexcept {
    for (std::size_t taken = 0; taken < messages_max; ++taken) {
        std::optional<Message> message = messages_.pop();
        if (!message.has_value()) {
            return;
        }
        if (stop_asked_.load(std::memory_order_relaxed)) {
            continue;
        }
        if (!message->frame.has_value()) {
            sink_->signal_lost(message->reason);
            continue;
        }
        source::publish_frame(*sink_, *counters_, std::move(slots_[message->slot]), *message->frame,
                              message->repaired);
    }
}

void FrameThread::lend_slots() noexcept {
    slot_retry_at_ = never;
    if (stop_asked_.load(std::memory_order_relaxed)) {
        return;
    }
    for (std::size_t i = 0; i < slots_max; ++i) {
        if (slots_[i].valid()) {
            continue;
        }
        slots_[i] = sink_->take_slot();
        if (!slots_[i].valid()) {
            slot_retry_at_ = engine_->now() + slot_retry_time;
            return;
        }
        const bool lent = loans_.push(
            Loan{i, slots_[i].memory(), slots_[i].payload(), slots_[i].payload_offset()});
        RINGCAST_ASSERT(lent);
    }
}

void FrameThread::take_slots_back() noexcept {
    RINGCAST_ASSERT(idle());
    while (loans_.pop().has_value()) { // at most slots_max
    }
    for (frame::WritableSlot& slot : slots_) {
        slot.reset();
    }
    slot_retry_at_ = never;
}

void FrameThread::add_counts() const noexcept {
    const auto read = [](const std::atomic<std::uint64_t>& count) {
        return count.load(std::memory_order_relaxed);
    };
    counters_->frames_dropped = read(worker_.frames_dropped);
    counters_->frames_damaged = read(worker_.frames_damaged);
    counters_->frames_oversized = read(worker_.frames_oversized);
    counters_->bytes_skipped = read(worker_.bytes_skipped);
    counters_->reads = read(worker_.reads);
}

void FrameThread::on_deadline(Instant now) noexcept {
    if (now >= slot_retry_at_) {
        lend_slots();
    }
}

void FrameThread::stop() noexcept {
    if (idle()) {
        return;
    }
    stop_asked_.store(true, std::memory_order_release);
    slot_retry_at_ = never;
    thread_wake_.wake();
}

} // namespace ringcast::input
