#pragma once
// Runs a thread that produces frames: the loop lends it empty slots, and it returns them full. The
// two share two bounded queues, an eventfd that the loop reads through the engine, and nothing
// else. Does not know how the thread produces frames.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "container/spsc_queue.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::input {

class FrameThread {
public:
    /// One that is being written, and one to continue with until the loop has taken the first.
    static constexpr std::size_t slots_max = 2;
    /// Delay before the next attempt to take a slot when none was free.
    static constexpr Duration slot_retry_time = std::chrono::milliseconds(10);

    /// Delay before the thread goes on after a failed allocation.
    static constexpr Duration memory_retry_time = std::chrono::seconds(1);

    /// A slot as the thread sees it.
    struct Loan {
        std::size_t slot = 0;
        ByteSpan memory;
        ByteSpan payload;
        std::size_t payload_offset = 0; ///< in the memory
    };

    /// The thread's side of the exchange. Used by that thread only.
    class Worker {
    public:
        enum class Wake : std::uint8_t { time, stop, descriptor };

        /// The payload of the lent slot, to write a frame into; empty when no slot is available
        /// now. The same until it is handed over.
        [[nodiscard]] ByteSpan payload() noexcept;
        /// The whole memory of the lent slot, and the offset of the payload in it.
        [[nodiscard]] ByteSpan memory() const noexcept;
        [[nodiscard]] std::size_t payload_offset() const noexcept;
        [[nodiscard]] jpeg::PictureLimit picture_max() const noexcept { return picture_max_; }
        /// The lent slot holds a frame. `repaired`: its header was changed.
        void hand_over(const frame::FrameInfo& info, bool repaired = false) noexcept;
        /// Reports to viewers why no picture is available.
        void report(std::string reason) noexcept;
        /// Sleeps until `until`, a request to stop, or input on `descriptor` (none: -1).
        [[nodiscard]] Wake sleep_until(Instant until, int descriptor = -1) noexcept;
        [[nodiscard]] bool stop_asked() const noexcept;

        // Counted by the thread, and copied by the loop.
        std::atomic<std::uint64_t> frames_dropped{0};
        std::atomic<std::uint64_t> frames_damaged{0};
        std::atomic<std::uint64_t> frames_oversized{0};
        std::atomic<std::uint64_t> bytes_skipped{0};
        std::atomic<std::uint64_t> reads{0};

    private:
        friend class FrameThread;
        explicit Worker(FrameThread& thread) noexcept : thread_(&thread) {}
        FrameThread* thread_;
        jpeg::PictureLimit picture_max_; ///< set before the thread begins
        std::optional<Loan> loan_;       ///< the lent slot
    };
    using Body = std::function<void(Worker&)>;

    FrameThread(io::Engine& engine, source::SourceCounters& counters) noexcept
        : engine_(&engine), counters_(&counters) {}
    FrameThread(const FrameThread&) = delete;
    FrameThread& operator=(const FrameThread&) = delete;
    FrameThread(FrameThread&&) = delete;
    FrameThread& operator=(FrameThread&&) = delete;
    ~FrameThread();

    /// Runs `body` in a thread; it has to return soon after `stop`, and is called again when it
    /// throws std::bad_alloc. False when the system has no descriptor, thread or memory left.
    [[nodiscard]] bool begin(source::FrameSink& sink, io::OpToken token, Body body) noexcept;
    void on_completion(const io::Completion& completion) noexcept;
    [[nodiscard]] Instant deadline() const noexcept { return slot_retry_at_; }
    void on_deadline(Instant now) noexcept;
    void stop() noexcept;
    /// Updates the loop's counters with those of the thread, which wakes the loop only for frames
    /// and reasons.
    void add_counts() const noexcept;
    /// True exactly when no thread runs, no operation is under way and no slot is lent.
    [[nodiscard]] bool idle() const noexcept { return !thread_.joinable(); }

private:
    /// A frame in the lent slot `slot`, or a reason.
    struct Message {
        std::size_t slot = 0;
        std::optional<frame::FrameInfo> frame;
        bool repaired = false;
        std::string reason;
    };
    /// All lent slots, and reasons between them.
    static constexpr std::size_t messages_max = 16;

    void run(const Body& body) noexcept;
    void send(Message message) noexcept;
    void take_messages() noexcept;
    void lend_slots() noexcept;
    /// Only while no thread runs.
    void take_slots_back() noexcept;

    io::Engine* engine_;
    source::SourceCounters* counters_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_{};

    threads::WakeEvent loop_wake_;
    threads::WakeEvent thread_wake_; ///< written once
    std::thread thread_;
    std::atomic<bool> stop_asked_{false};
    std::atomic<bool> finished_{false};
    container::SpscQueue<Loan, slots_max> loans_;
    container::SpscQueue<Message, messages_max> messages_;
    Worker worker_{*this};

    std::array<frame::WritableSlot, slots_max>
        slots_; ///< owned by the loop; valid exactly while lent
    Instant slot_retry_at_ = never;
};

} // namespace ringcast::input
