#pragma once
// Reads frames from a program's standard output. Keeps the program running: when it ends it is
// started again, after a delay that doubles with each failure; when it produces no frame for too long,
// it is ended first. Does not know what the program is.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "input/byte_stream.hpp"
#include "input/child_process.hpp"
#include "source/frame_source.hpp"
#include "source/silence_watch.hpp"

namespace ringcast::input {

class ExecSource final : public source::FrameSource {
public:
    static constexpr Duration restart_delay_min = std::chrono::milliseconds(500);
    static constexpr Duration restart_delay_max = std::chrono::seconds(30);
    /// A run of this length that produced frames was good: the delay starts again at its minimum.
    static constexpr Duration good_run_min = std::chrono::seconds(10);
    /// When either the program or its output has ended, the other one is ended after this time.
    static constexpr Duration straggle_time_max = std::chrono::seconds(1);

    ExecSource(io::Engine& engine, std::string stream_name, config::ExecConfig config,
               const os::SoftLimits& limits = {});

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override;
    void on_deadline(Instant now) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return state_ == State::stopped; }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "exec"; }

private:
    enum class State : std::uint8_t {
        idle,     ///< not started yet
        running,  ///< a program runs, or its operations are being joined
        ending,   ///< as running; the program was told to end because it was silent
        waiting,  ///< for restart_at_
        stopping, ///< as running, and there will be no other run
        stopped,
    };
    enum Operation : std::uint8_t { output, standard_error, program_end };

    void start_program() noexcept;
    /// True exactly when the kernel may hold operations of this run.
    [[nodiscard]] bool in_run() const noexcept;
    [[nodiscard]] std::uint64_t frames_seen() const noexcept;
    void settle() noexcept;
    void end_silent_program() noexcept;
    void run_over(std::string_view event) noexcept;

    io::Engine* engine_;
    std::string stream_name_;
    std::vector<std::string> command_;
    source::SilenceWatch silence_;
    source::SourceCounters counters_;
    source::FrameSink* sink_ = nullptr;
    io::StreamId stream_;

    State state_ = State::idle;
    std::uint16_t run_ = 0; ///< the generation of the operations' tokens
    ChildProcess child_;
    ByteStream frames_;
    std::string silence_reason_; ///< why the program was told to end
    Instant run_began_{};
    Instant restart_at_ = never;
    Instant straggler_due_ = never; ///< either the program or its output has ended
    Duration restart_delay_ = restart_delay_min;
};

} // namespace ringcast::input
