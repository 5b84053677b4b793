#pragma once
// Reads frames from standard input, or from any descriptor that the caller has opened. Its end is
// final. Data that is recognised as another format than JPEG ends it too. Does not decide what that
// means for the process.

#include <algorithm>
#include <string>
#include <string_view>

#include "input/byte_stream.hpp"
#include "source/frame_source.hpp"

namespace ringcast::input {

class StdinSource final : public source::FrameSource {
public:
    /// The caller owns `input` and keeps it open for the lifetime of the source.
    StdinSource(io::Engine& engine, std::string stream_name, int input);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override {
        return std::min(frames_.deadline(), judged_at_);
    }
    void on_deadline(Instant now) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stop_asked_ && frames_.idle(); }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "stdin"; }

private:
    void end(std::string_view reason) noexcept;
    void end_without_frames() noexcept;

    io::Engine& engine_;
    std::string stream_name_;
    int input_;
    source::SourceCounters counters_;
    source::FrameSink* sink_ = nullptr;
    ByteStream frames_;
    Instant judged_at_ = never; ///< whether the data is JPEG at all
    bool stop_asked_ = false;
};

} // namespace ringcast::input
