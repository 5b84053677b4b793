#pragma once
// Extracts frames from a stream of bytes: reads from a descriptor straight into a slot, in which a
// FrameAssembler finds the frames. Does not know where the descriptor comes from, or what happens
// when it ends.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "input/data_format.hpp"
#include "io/engine.hpp"
#include "source/frame_assembler.hpp"
#include "source/frame_source.hpp"

namespace ringcast::input {

class ByteStream {
public:
    enum class Outcome : std::uint8_t {
        goes_on,   ///< another read is under way
        ended,     ///< the producer has closed its end
        failed,    ///< the read failed; `error_number()` says how
        cancelled, ///< by `cancel`
    };

    /// `engine` and `counters` outlive the stream.
    ByteStream(io::Engine& engine, source::SourceCounters& counters, source::ProducerNames names)
        : engine_(&engine), counters_(&counters), frames_(engine, counters, names) {}

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
    [[nodiscard]] bool has_published() const noexcept { return frames_.has_published(); }
    [[nodiscard]] int error_number() const noexcept { return error_number_; }
    /// True exactly when nothing is read because no slot is free.
    [[nodiscard]] bool waits_for_slot() const noexcept { return slot_retry_at_ != never; }
    /// As FrameAssembler::received_instead.
    [[nodiscard]] std::string_view received_instead() const noexcept {
        return frames_.received_instead();
    }
    /// Bytes read since `begin`.
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
    /// What the data is, judged by its beginning; empty when unknown, or JPEG.
    [[nodiscard]] std::string_view data_format() const noexcept;
    [[nodiscard]] Instant deadline() const noexcept;
    void on_deadline(Instant now) noexcept;

private:
    void read_on() noexcept;
    void keep_beginning(ConstByteSpan received) noexcept;
    void finish() noexcept;

    io::Engine* engine_;
    source::SourceCounters* counters_;
    source::FrameAssembler frames_;
    io::OpToken token_{};
    int fd_ = -1;

    bool begun_ = false;
    bool in_flight_ = false; ///< true exactly when the kernel holds a read or a poll
    bool waiting_ = false;   ///< that operation is a poll
    bool cancelled_ = false;
    int error_number_ = 0;
    Instant slot_retry_at_ = never; ///< never while the stream holds a slot

    std::array<std::byte, data_format_bytes> beginning_{}; ///< of the data
    std::uint64_t bytes_received_ = 0;
};

} // namespace ringcast::input
