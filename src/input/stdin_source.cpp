#include "input/stdin_source.hpp"

#include <cstring>
#include <utility>

#include <fcntl.h>

#include "base/log.hpp"

namespace ringcast::input {

namespace {

/// Large enough that a typical frame takes one read; the most that an unprivileged user may
/// request.
constexpr int input_pipe_bytes = 1024 * 1024;

} // namespace

StdinSource::StdinSource(io::Engine& engine, std::string stream_name, int input)
    : stream_name_(std::move(stream_name)), input_(input),
      frames_(engine, counters_, {stream_name_, "standard input"}) {}

void StdinSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    constexpr std::uint8_t read_operation = 0;
    constexpr std::uint16_t only_run = 1;
    sink_ = &sink;
    static_cast<void>(fcntl(input_, F_SETPIPE_SZ, input_pipe_bytes)); // fails unless it is a pipe
    sink_->signal_lost("waiting for standard input");
    frames_.begin(sink, io::source_token(stream, read_operation, only_run), input_);
}

void StdinSource::on_completion(const io::Completion& completion) noexcept {
    if (frames_.idle()) {
        return;
    }
    switch (frames_.on_read(completion)) {
    case ByteStream::Outcome::goes_on:
    case ByteStream::Outcome::cancelled:
        return;
    case ByteStream::Outcome::ended:
        log(LogLevel::info, "stream {}: input ended", stream_name_);
        end("input ended");
        return;
    case ByteStream::Outcome::failed:
        log(LogLevel::error, "stream {}: standard input can't be read: {}", stream_name_,
            std::strerror(frames_.error_number()));
        end("standard input can't be read");
        return;
    }
}

void StdinSource::end(std::string_view reason) noexcept {
    sink_->signal_lost(reason);
    sink_->ended(reason);
}

void StdinSource::stop() noexcept {
    stop_asked_ = true;
    frames_.cancel();
}

} // namespace ringcast::input
