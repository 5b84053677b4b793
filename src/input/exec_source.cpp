#include "input/exec_source.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::input {

namespace {

/// "0.5", "4"
std::string seconds_text(Duration time) {
    return fmt::format("{:g}", std::chrono::duration<double>(time).count());
}

} // namespace

ExecSource::ExecSource(io::Engine& engine, std::string stream_name, config::ExecConfig config,
                       const os::SoftLimits& limits)
    : engine_(&engine), stream_name_(std::move(stream_name)), command_(std::move(config.command)),
      silence_(config.timeout), child_(engine, stream_name_, limits),
      frames_(engine, counters_, {stream_name_, "the program"}) {
    RINGCAST_ASSERT(!command_.empty());
}

void ExecSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    RINGCAST_ASSERT(state_ == State::idle);
    sink_ = &sink;
    stream_ = stream;
    start_program();
}

void ExecSource::start_program() noexcept {
    ++run_;
    run_began_ = engine_->now();
    restart_at_ = never;
    straggler_due_ = never;
    sink_->signal_awaited("the program is starting");
    const ChildProcess::Tokens tokens{
        io::source_token(stream_, Operation::program_end, run_),
        io::source_token(stream_, Operation::standard_error, run_),
    };
    if (const auto started = child_.start(command_, tokens); !started) {
        log_stream(LogLevel::error, stream_name_, "{}", started.error().message);
        run_over(started.error().reason);
        return;
    }
    log_stream(LogLevel::debug, stream_name_, "the program was started");
    state_ = State::running;
    silence_.begin(run_began_);
    frames_.begin(*sink_, io::source_token(stream_, Operation::output, run_), child_.output());
}

bool ExecSource::in_run() const noexcept {
    return state_ == State::running || state_ == State::ending || state_ == State::stopping;
}

/// Complete frames, including those that could not be published: a program whose frames are too
/// large is not silent, and would be no better after a restart.
std::uint64_t ExecSource::frames_seen() const noexcept {
    return counters_.frames + counters_.frames_dropped + counters_.frames_oversized;
}

void ExecSource::on_completion(const io::Completion& completion) noexcept {
    if (io::source_token_run(completion.token) != run_ || !in_run()) {
        return;
    }
    if (io::source_token_operation(completion.token) == Operation::output) {
        const std::uint64_t seen_before = frames_seen();
        if (frames_.on_read(completion) == ByteStream::Outcome::failed) {
            log_stream(LogLevel::warning, stream_name_,
                       "reading from the program failed (error {})", frames_.error_number());
        }
        if (frames_seen() != seen_before) {
            silence_.on_frame(engine_->now());
        }
    } else {
        child_.on_completion(completion);
    }
    settle();
}

/// Acts when the program or its output has ended.
void ExecSource::settle() noexcept {
    if (!in_run()) {
        return;
    }
    if (frames_.idle()) {
        // A program that continues to write gets SIGPIPE.
        child_.close_output();
    }
    if (child_.joined() && frames_.idle()) {
        if (state_ == State::stopping) {
            state_ = State::stopped;
            straggler_due_ = never;
            return;
        }
        run_over(state_ == State::ending
                     ? silence_reason_
                     : fmt::format("the program ended ({})", child_.end_description()));
    } else if ((child_.joined() || frames_.idle()) && straggler_due_ == never) {
        straggler_due_ = engine_->now() + straggle_time_max;
    }
}

void ExecSource::end_silent_program() noexcept {
    state_ = State::ending;
    silence_reason_ =
        fmt::format("no frame from the program for {} s", seconds_text(silence_.on_restart()));
    if (const std::string_view instead = frames_.received_instead(); !instead.empty()) {
        silence_reason_ += fmt::format(", only {}", instead);
    }
    child_.terminate(LogLevel::warning);
    frames_.cancel();
}

void ExecSource::run_over(std::string_view event) noexcept {
    const Instant now = engine_->now();
    if (frames_.has_published() && now - run_began_ >= good_run_min) {
        restart_delay_ = restart_delay_min;
    }
    state_ = State::waiting;
    restart_at_ = now + restart_delay_;
    straggler_due_ = never;
    const std::string reason =
        fmt::format("{}; starting again in {} s", event, seconds_text(restart_delay_));
    restart_delay_ = std::min(restart_delay_ * 2, restart_delay_max);
    sink_->signal_lost(reason); // the sink logs it
}

Instant ExecSource::deadline() const noexcept {
    const Instant silent_at = state_ == State::running ? silence_.deadline() : never;
    return std::min(
        {child_.deadline(), frames_.deadline(), silent_at, restart_at_, straggler_due_});
}

void ExecSource::on_deadline(Instant now) noexcept {
    if (state_ == State::waiting && now >= restart_at_) {
        ++counters_.restarts;
        start_program();
        return;
    }
    child_.on_deadline(now);
    if (frames_.waits_for_slot()) {
        silence_.excuse(now);
    }
    frames_.on_deadline(now);
    if (state_ == State::running && now >= silence_.deadline()) {
        end_silent_program();
    }
    if (now >= straggler_due_) {
        straggler_due_ = never; // settle() sets it again if that does not suffice
        child_.terminate();
        frames_.cancel();
    }
    settle();
}

void ExecSource::stop() noexcept {
    switch (state_) {
    case State::idle:
    case State::waiting:
        state_ = State::stopped;
        restart_at_ = never;
        return;
    case State::running:
    case State::ending:
        state_ = State::stopping;
        child_.terminate();
        frames_.cancel();
        settle();
        return;
    case State::stopping:
    case State::stopped:
        return;
    }
}

} // namespace ringcast::input
