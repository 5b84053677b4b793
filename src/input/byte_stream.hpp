#pragma once
// Frames out of a stream of bytes: reads from a descriptor straight into a slot, finds the frames,
// publishes each at its EOI, and survives everything that is not a frame. Does not know where the
// descriptor comes from or what happens when it ends.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/log_throttle.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "source/frame_source.hpp"

namespace ringcast::input {

/// Whose bytes these are, in the words of log lines and reasons. Both outlive the stream.
struct ByteStreamNames {
    std::string_view stream;   ///< as configured
    std::string_view producer; ///< begins a reason: "the program", "standard input"
};

class ByteStream {
public:
    /// What one read may bring of a frame whose end can't be guessed.
    static constexpr std::size_t read_bytes_max = frame::SlotGeometry::read_ahead;
    /// How much larger than the last one a frame may be and still be had in one read; so much of
    /// the next frame has to be moved to its slot when the producer is ahead.
    static constexpr std::size_t read_margin = 16UL * 1024UL;
    /// So long without a frame that fits is a signal lost, when others did come.
    static constexpr Duration oversized_time_max = std::chrono::seconds(2);
    /// So long without any good frame is a signal lost: from the beginning on, when nothing has
    /// come yet (a camera needs up to two seconds to start), and later, when what comes is no
    /// frame. Silence after a frame is judged by the stream, which knows the usual rate.
    static constexpr Duration silence_time_max = std::chrono::seconds(5);
    /// After a good frame so many bad ones in a row, or so many bytes that are not JPEG, mean that
    /// no good one is to be expected. One may be damaged, and the headers of a part are no JPEG
    /// either.
    static constexpr std::uint32_t bad_frames_min = 3;
    static constexpr std::uint64_t junk_bytes_min = 8192;
    /// How soon to ask again for a slot when viewers that are being evicted hold them all.
    static constexpr Duration slot_retry_time = std::chrono::milliseconds(20);

    enum class Outcome : std::uint8_t {
        goes_on,   ///< another read is under way
        ended,     ///< the producer has closed its end
        failed,    ///< the read failed; `error_number()` says how
        cancelled, ///< as asked for
    };

    /// `engine` and `counters` outlive the stream.
    ByteStream(io::Engine& engine, source::SourceCounters& counters, ByteStreamNames names) noexcept
        : engine_(&engine), counters_(&counters), names_(names) {}

    /// Begins to read from `fd`, which stays the caller's and open until the stream is idle.
    void begin(source::FrameSink& sink, io::OpToken token, int fd) noexcept;
    /// The answer to the operation under `token`. After anything but goes_on the stream is idle.
    [[nodiscard]] Outcome on_read(const io::Completion& completion) noexcept;
    /// Asks the kernel to end the read; the stream is idle when that is answered.
    void cancel() noexcept;

    /// True exactly when the kernel holds no operation of the stream and the stream holds no slot.
    [[nodiscard]] bool idle() const noexcept { return !begun_; }
    /// A good frame has come since `begin`.
    [[nodiscard]] bool has_published() const noexcept { return published_; }
    [[nodiscard]] int error_number() const noexcept { return error_number_; }
    [[nodiscard]] Instant deadline() const noexcept;
    void on_deadline(Instant now) noexcept;

private:
    /// Why no picture comes, the more telling the greater.
    enum class Trouble : std::uint8_t { none, silent, not_jpeg, damaged, oversized };

    void read_on() noexcept;
    [[nodiscard]] std::size_t read_bytes_wanted() const noexcept;
    void find_frames() noexcept;
    void publish(const jpeg::ScanResult& found) noexcept;
    [[nodiscard]] frame::WritableSlot take_out_frame(std::size_t end) noexcept;
    void note_damaged(std::string_view what) noexcept;
    void note_oversized(std::size_t bytes) noexcept;
    void note_skipped() noexcept;
    void note_trouble(Trouble trouble) noexcept;
    void note_good() noexcept;
    void make_room() noexcept;
    void report_trouble(Instant now) noexcept;
    void finish() noexcept;
    [[nodiscard]] Instant trouble_due() const noexcept;
    [[nodiscard]] bool trouble_is_certain() const noexcept;
    [[nodiscard]] std::size_t frame_bytes_max() const noexcept;

    io::Engine* engine_;
    source::SourceCounters* counters_;
    ByteStreamNames names_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_{};
    int fd_ = -1;

    bool begun_ = false;
    bool in_flight_ = false; ///< true exactly when the kernel holds a read or a poll
    bool waiting_ = false;   ///< what it holds is a poll
    bool cancelled_ = false;
    bool published_ = false;
    int error_number_ = 0;
    Instant slot_retry_at_ = never; ///< never while there is a slot to read into

    frame::WritableSlot slot_;
    std::size_t filled_ = 0; ///< bytes of the slot's payload that were read
    std::size_t frame_bytes_last_ = 0;
    jpeg::FrameScanner scanner_{0};
    std::uint64_t skipped_before_ = 0; ///< of the scanner's count, what is in ours already

    Instant last_good_{};              ///< a frame was published, or the stream began
    std::uint32_t bad_frames_ = 0;     ///< since last_good_
    std::uint64_t junk_bytes_ = 0;     ///< since last_good_
    Trouble trouble_ = Trouble::none;  ///< the worst since last_good_
    Trouble reported_ = Trouble::none; ///< what the sink was told since last_good_
    std::size_t oversized_bytes_ = 0;  ///< the last frame that did not fit
    LogThrottle damaged_burst_;
    LogThrottle oversized_burst_;
    LogThrottle skipped_burst_;
    LogThrottle dropped_burst_;
};

} // namespace ringcast::input
