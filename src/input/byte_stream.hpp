#pragma once
// Extracts frames from a stream of bytes: reads from a descriptor straight into a slot, finds the
// frames, publishes each at its EOI, and skips everything that is not a frame. Does not know where
// the descriptor comes from, or what happens when it ends.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/log_throttle.hpp"
#include "frame/frame_arena.hpp"
#include "input/data_format.hpp"
#include "input/signal_trouble.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "source/frame_fault_log.hpp"
#include "source/frame_source.hpp"

namespace ringcast::input {

/// Names of the stream and of its producer in log lines and reasons. Both outlive the stream.
struct ByteStreamNames {
    std::string_view stream; ///< as configured
    std::string_view
        producer; ///< as in "no frames arrive from ...": "the program", "standard input"
};

class ByteStream {
public:
    /// Size of a read when the size of the frame can't be predicted.
    static constexpr std::size_t read_bytes_max = frame::SlotGeometry::read_ahead;
    /// A frame that is larger than the last one by at most this still takes one read. When the
    /// producer is ahead, this much of the next frame is read too and has to be moved to its slot.
    static constexpr std::size_t read_margin = 16UL * 1024UL;
    /// Delay before the next attempt to take a slot, while viewers that are being evicted hold all.
    static constexpr Duration slot_retry_time = std::chrono::milliseconds(20);

    enum class Outcome : std::uint8_t {
        goes_on,   ///< another read is under way
        ended,     ///< the producer has closed its end
        failed,    ///< the read failed; `error_number()` says how
        cancelled, ///< by `cancel`
    };

    /// `engine` and `counters` outlive the stream.
    ByteStream(io::Engine& engine, source::SourceCounters& counters, ByteStreamNames names)
        : engine_(&engine), counters_(&counters), names_(names), fault_log_(names.stream) {}

    /// Begins to read from `fd`. The caller owns it and keeps it open until the stream is idle.
    void begin(source::FrameSink& sink, io::OpToken token, int fd) noexcept;
    /// Takes the completion of the operation under `token`. The stream is idle afterwards, unless
    /// the outcome is goes_on.
    [[nodiscard]] Outcome on_read(const io::Completion& completion) noexcept;
    /// Cancels the read; the stream is idle once that has completed.
    void cancel() noexcept;

    /// True exactly when the kernel holds no operation of the stream and the stream holds no slot.
    [[nodiscard]] bool idle() const noexcept { return !begun_; }
    /// True exactly when a good frame has arrived since `begin`.
    [[nodiscard]] bool has_published() const noexcept { return trouble_.had_good_frame(); }
    [[nodiscard]] int error_number() const noexcept { return error_number_; }
    /// True exactly when nothing is read because no slot is free.
    [[nodiscard]] bool waits_for_slot() const noexcept { return slot_retry_at_ != never; }
    /// What has arrived since the last good frame instead of one: "damaged ones". Empty when
    /// nothing has.
    [[nodiscard]] std::string_view received_instead() const noexcept;
    /// Bytes read since `begin`.
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
    /// What the data is, judged by its beginning; empty when unknown, or JPEG.
    [[nodiscard]] std::string_view data_format() const noexcept;
    [[nodiscard]] Instant deadline() const noexcept;
    void on_deadline(Instant now) noexcept;

private:
    void read_on() noexcept;
    [[nodiscard]] std::size_t read_bytes_wanted() const noexcept;
    void find_frames() noexcept;
    void publish(const jpeg::ScanResult& found) noexcept;
    [[nodiscard]] frame::WritableSlot take_out_frame(std::size_t end) noexcept;
    void note_damaged(const jpeg::Fault& fault) noexcept;
    void note_oversized(std::size_t bytes) noexcept;
    void note_skipped() noexcept;
    void make_room() noexcept;
    void keep_beginning(ConstByteSpan received) noexcept;
    void move_rest(std::size_t count, ByteSpan target) noexcept;
    void report_trouble(Instant now) noexcept;
    void finish() noexcept;
    [[nodiscard]] std::size_t frame_bytes_max() const noexcept;
    [[nodiscard]] jpeg::PictureLimit picture_max() const noexcept;

    io::Engine* engine_;
    source::SourceCounters* counters_;
    ByteStreamNames names_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_{};
    int fd_ = -1;

    bool begun_ = false;
    bool in_flight_ = false; ///< true exactly when the kernel holds a read or a poll
    bool waiting_ = false;   ///< that operation is a poll
    bool cancelled_ = false;
    int error_number_ = 0;
    Instant slot_retry_at_ = never; ///< never while the stream holds a slot

    frame::WritableSlot slot_;
    std::size_t filled_ = 0; ///< bytes read into the slot's payload
    std::size_t frame_bytes_last_ = 0;
    jpeg::FrameScanner scanner_{0};
    std::array<std::byte, data_format_bytes> beginning_{}; ///< of the data
    std::uint64_t bytes_received_ = 0;
    std::uint64_t skipped_before_ = 0; ///< part of the scanner's count that is counted already

    SignalTrouble trouble_;
    jpeg::Fault last_fault_; ///< of the last damaged frame
    source::FrameFaultLog fault_log_;
    LogThrottle skipped_throttle_;
    LogThrottle dropped_throttle_;
};

} // namespace ringcast::input
