#pragma once
// Makes frames of the bytes that a producer delivers: takes slots, finds or checks each frame in
// them, repairs and publishes it, and reports what is wrong when no frames arrive. Does no I/O: the
// caller writes the bytes into the memory that it is given here.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/log_throttle.hpp"
#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "source/frame_fault_log.hpp"
#include "source/frame_source.hpp"
#include "source/signal_trouble.hpp"

namespace ringcast::source {

/// Names of the stream and of its producer in log lines and reasons. Both outlive the user.
struct ProducerNames {
    std::string_view stream; ///< as configured
    std::string_view
        producer; ///< as in "no frames arrive from ...": "the program", "standard input"
};

class FrameAssembler {
public:
    /// Most bytes that `room` asks for when the size of the frame can't be predicted.
    static constexpr std::size_t read_bytes_max = frame::SlotGeometry::read_ahead;
    /// A frame that is larger than the last one by at most this still takes one read. When the
    /// producer is ahead, this much of the next frame is read too and has to be moved to its slot.
    static constexpr std::size_t read_margin = 16UL * 1024UL;
    /// Delay before the next call of `take_slot` after one that failed, because viewers that are being
    /// evicted hold all.
    static constexpr Duration slot_retry_time = std::chrono::milliseconds(20);

    /// `engine`, whose clocks are read, and `counters` outlive the assembler.
    FrameAssembler(const io::Engine& engine, SourceCounters& counters, ProducerNames names)
        : engine_(&engine), counters_(&counters), names_(names), fault_log_(names.stream) {}

    /// The producer begins, or begins again.
    void begin(FrameSink& sink) noexcept;
    /// Gives the slot back.
    void end() noexcept { slot_.reset(); }
    /// Takes a slot unless one is held. False when none is free.
    [[nodiscard]] bool take_slot() noexcept;
    [[nodiscard]] bool has_slot() const noexcept { return slot_.valid(); }
    /// Size of the largest frame that is published. Precondition: `begin` was called.
    [[nodiscard]] std::size_t frame_bytes_max() const noexcept;

    // --- bytes in which frames have to be found. Precondition of all: `has_slot` ---

    /// Memory for the next bytes: never empty, and as long as a read should be.
    [[nodiscard]] ByteSpan room() const noexcept;
    /// Publishes each frame in the first `bytes` of `room`, and keeps the rest for the next one.
    void take(std::size_t bytes) noexcept;
    /// The bytes have ended.
    void finish() noexcept;
    /// Bytes received so far of the current frame.
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept { return scanner_.pending_bytes(); }

    // --- frames whose size is known before their bytes arrive. Not to be mixed with the above ---

    /// Memory for a frame of `bytes`, at most `frame_bytes_max`. Precondition: `has_slot`.
    [[nodiscard]] ByteSpan whole_room(std::size_t bytes) const noexcept {
        return slot_.payload().first(bytes);
    }
    /// `whole_room(bytes)` holds the frame: checks and publishes it. Afterwards no slot is held,
    /// unless the frame is damaged.
    void publish_whole(std::size_t bytes, Instant captured_at, WallTime captured) noexcept;

    // --- frames that the caller has skipped ---

    void note_oversized(std::size_t bytes) noexcept;
    void note_dropped() noexcept;
    /// Bytes that belong to no JPEG.
    void note_skipped(std::uint64_t bytes) noexcept;

    // --- trouble ---

    /// True exactly when a good frame has arrived since `begin`.
    [[nodiscard]] bool has_published() const noexcept { return trouble_.had_good_frame(); }
    /// What has arrived since the last good frame instead of one: "damaged ones". Empty when
    /// nothing has.
    [[nodiscard]] std::string_view received_instead() const noexcept;
    /// Tells the sink what is wrong, if that has become certain. To be called after each arrival of
    /// bytes and at `deadline`.
    void report_trouble(Instant now) noexcept;
    [[nodiscard]] Instant deadline() const noexcept { return trouble_.deadline(); }

private:
    void publish_found(const jpeg::ScanResult& found) noexcept;
    [[nodiscard]] frame::WritableSlot take_out_frame(std::size_t end) noexcept;
    void make_room() noexcept;
    void move_rest(std::size_t count, ByteSpan target) noexcept;
    void note_damaged(const jpeg::Fault& fault) noexcept;
    void note_scanner_skipped() noexcept;
    [[nodiscard]] jpeg::PictureLimit picture_max() const noexcept;

    const io::Engine* engine_;
    SourceCounters* counters_;
    ProducerNames names_;
    FrameSink* sink_ = nullptr;

    frame::WritableSlot slot_;
    std::size_t filled_ = 0; ///< bytes in the slot's payload
    std::size_t frame_bytes_last_ = 0;
    jpeg::FrameScanner scanner_{0};
    std::uint64_t skipped_before_ = 0; ///< part of the scanner's count that is counted already

    SignalTrouble trouble_;
    jpeg::Fault last_fault_; ///< of the last damaged frame
    FrameFaultLog fault_log_;
    LogThrottle skipped_throttle_;
    LogThrottle dropped_throttle_;
};

} // namespace ringcast::source
