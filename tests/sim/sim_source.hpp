#pragma once
// A source of frames and a painter of "no signal" pictures, both in virtual time. The source
// behaves like one with a thread of its own: it reads an eventfd through the engine that signals
// new frames, and has a deadline for the return of a lost signal.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/frame_log.hpp"
#include "sim/sim_engine.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"

namespace ringcast::sim {

struct SourceSetup {
    Duration period = std::chrono::milliseconds(33);
    std::size_t frame_bytes_min = 200;
    std::size_t frame_bytes_max = 4000;
    /// Takes the next slot before it publishes the current one, as a camera does.
    bool holds_two = false;
    bool loses_signal = false; ///< repeatedly, at random times
    bool ends = false;         ///< at a random time
    bool announces = false;    ///< reports at first that its frames are awaited, as programs do
    bool jitters = false;
    bool pauses = false; ///< while nobody watches
    Duration wakes_after = std::chrono::milliseconds(20);
    std::vector<std::string> via; ///< ids of servers upstream; none: no other server's stream
};

/// Base of all sources in the simulation: the interface that the simulation checks, an eventfd that
/// is read through the engine, and a tick per period.
class SimProducer : public source::FrameSource {
public:
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] bool started() const noexcept { return sink_ != nullptr; }
    /// Start of the time in which a frame has arrived in every period; `never` without signal.
    [[nodiscard]] Instant steady_since() const noexcept { return steady_since_; }
    /// Number of the arena's slots that the source is writing.
    [[nodiscard]] virtual std::size_t slots_held() const noexcept = 0;
    /// Number of raw pictures that renditions have.
    [[nodiscard]] virtual std::size_t raw_lent() const noexcept { return 0; }
    /// Makes no frames before `until`, without a word about it.
    void hold_until(Instant until) noexcept { held_until_ = until; }
    /// The first error that the source detected; empty if none.
    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }

protected:
    static constexpr std::uint8_t op_read = 0;
    static constexpr std::uint8_t op_close = 1; ///< the last operation, completed after the read

    SimProducer(SimEngine& engine, FrameLog& log, Duration period, bool jitters)
        : engine_(engine), log_(log), period_(period), jitters_(jitters) {}

    /// Opens the eventfd, begins to read it, and schedules the first tick.
    void begin(source::FrameSink& sink, io::StreamId stream);
    /// Called once per period. Returns false if no tick shall follow.
    virtual bool tick() = 0;
    /// After a read of the eventfd: reads it again, or closes it. Returns false if it is being
    /// closed.
    [[nodiscard]] bool read_on();
    /// Ends the ticks and closes the eventfd.
    void end();
    void complain(std::string what) {
        if (complaint_.empty()) {
            complaint_ = std::move(what);
        }
    }

    SimEngine& engine_;
    FrameLog& log_;
    source::FrameSink* sink_ = nullptr;
    io::StreamId stream_;
    int event_ = -1;
    bool stopping_ = false;
    bool watched_ = false;
    Instant steady_since_ = never;
    source::SourceCounters counters_;

private:
    void arm();
    void close_event();
    void pass_period();

    Duration period_;
    bool jitters_;
    Instant held_until_{};
    std::array<std::byte, 8> event_count_{};
    bool reading_ = false;
    std::string complaint_;
};

class SimSource final : public SimProducer, private source::RawFrameOwner {
public:
    SimSource(SimEngine& engine, FrameLog& log, SourceSetup setup);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override { return signal_back_at_; }
    void on_deadline(Instant now) noexcept override;
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stopped_; }
    [[nodiscard]] std::string_view kind() const noexcept override { return "sim"; }
    [[nodiscard]] std::optional<source::UpstreamStatus> upstream() const override;

    [[nodiscard]] source::RawFrame lend_raw(Instant captured_at) noexcept override;

    [[nodiscard]] std::size_t slots_held() const noexcept override { return slot_.valid() ? 1 : 0; }
    [[nodiscard]] std::size_t raw_lent() const noexcept override { return raw_lent_; }

private:
    void take_back(std::uint64_t number) noexcept override;
    bool tick() override;
    void make_frame();
    void lose_signal();
    void pause();

    SourceSetup setup_;
    bool stopped_ = false;
    bool ended_ = false;
    bool paused_ = false;
    Instant wakes_at_{};
    frame::WritableSlot slot_;
    Instant signal_back_at_ = never;
    Instant newest_at_{};         ///< capture time of the newest frame
    std::uint64_t raw_asked_ = 0; ///< how often a raw picture was asked for
    std::size_t raw_lent_ = 0;
};

/// Paints after some milliseconds; a new request replaces an earlier one of the same stream.
class SimPainter final : public source::PlaceholderPainter {
public:
    SimPainter(SimEngine& engine, FrameLog& log);

    void request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                 std::uint16_t width, std::uint16_t height) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] ConstByteSpan picture(io::StreamId stream) const noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stopped_; }

private:
    struct Canvas {
        std::uint64_t requested = 0; ///< number of the newest request
        std::uint64_t painted = 0;   ///< number of the request that `picture` belongs to
        std::vector<std::byte> picture;
    };

    void arm();
    void paint(io::StreamId stream, std::uint64_t request);

    SimEngine& engine_;
    FrameLog& log_;
    std::vector<Canvas> canvases_; ///< by index of the stream
    int event_;
    std::array<std::byte, 8> event_count_{};
    std::uint32_t run_ = 0;
    bool reading_ = false;
    bool stopping_ = false;
    bool closing_ = false;
    bool stopped_ = false;
};

} // namespace ringcast::sim
