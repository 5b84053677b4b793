#include "input/stdin_source.hpp"

#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>

#include "base/log.hpp"

namespace ringcast::input {

namespace {

/// Large enough that a typical frame takes one read; the most that an unprivileged user may
/// request.
constexpr int input_pipe_bytes = 1024 * 1024;

} // namespace

StdinSource::StdinSource(io::Engine& engine, std::string stream_name, int input)
    : engine_(engine), stream_name_(std::move(stream_name)), input_(input),
      frames_(engine, counters_, {stream_name_, "standard input"}) {}

void StdinSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    constexpr std::uint8_t read_operation = 0;
    constexpr std::uint16_t only_run = 1;
    sink_ = &sink;
    static_cast<void>(fcntl(input_, F_SETPIPE_SZ, input_pipe_bytes)); // fails unless it is a pipe
    sink_->signal_awaited("waiting for standard input");
    frames_.begin(sink, io::source_token(stream, read_operation, only_run), input_);
    judged_at_ = engine_.now() + source::SignalTrouble::silence_time_max;
}

void StdinSource::on_completion(const io::Completion& completion) noexcept {
    if (frames_.idle()) {
        return;
    }
    switch (frames_.on_read(completion)) {
    case ByteStream::Outcome::goes_on:
        return;
    case ByteStream::Outcome::cancelled:
        if (!stop_asked_) {
            end_without_frames();
        }
        return;
    case ByteStream::Outcome::ended:
        if (counters_.frames == 0) {
            return end_without_frames();
        }
        log_stream(LogLevel::info, stream_name_, "input ended");
        end("input ended");
        return;
    case ByteStream::Outcome::failed:
        log_stream(LogLevel::error, stream_name_, "standard input can't be read: {}",
                   std::strerror(frames_.error_number()));
        end("standard input can't be read");
        return;
    }
}

/// A video that never ends is not read for ever. Text may precede the first frame: the head of a
/// multipart part, or what the producer prints.
void StdinSource::on_deadline(Instant now) noexcept {
    frames_.on_deadline(now);
    if (now < judged_at_) {
        return;
    }
    judged_at_ = never;
    const std::string_view format = frames_.data_format();
    if (!frames_.has_published() && !format.empty() && format != "text") {
        frames_.cancel();
        if (frames_.idle()) { // no read was under way
            end_without_frames();
        }
    }
}

void StdinSource::end_without_frames() noexcept {
    const std::string_view format = frames_.data_format();
    std::string reason = "standard input ended without a byte";
    if (counters_.frames_oversized > 0) {
        reason = "standard input ended, and no frame was within [memory] frame_max";
    } else if (counters_.frames_damaged > 0 && format.empty()) {
        reason = "standard input ended without a whole JPEG";
    } else if (!format.empty()) {
        reason = fmt::format("standard input is {}, not JPEG", format);
    } else if (frames_.bytes_received() > 0) {
        reason = fmt::format("standard input ended after {} bytes without a JPEG",
                             frames_.bytes_received());
    }
    log_stream(LogLevel::error, stream_name_, "{}{}", reason,
               format.empty() || format == "text"
                   ? ""
                   : "; to show it: ... | ffmpeg -i - -q:v 4 -f mjpeg - | ringcast -");
    end(reason);
}

void StdinSource::end(std::string_view reason) noexcept {
    judged_at_ = never;
    sink_->signal_lost(reason);
    sink_->ended(reason);
}

void StdinSource::stop() noexcept {
    stop_asked_ = true;
    judged_at_ = never;
    frames_.cancel();
}

} // namespace ringcast::input
