#pragma once
// The test pattern as a source: a thread paints at an exact rate and encodes straight into slots.

#include <cstdint>
#include <string>
#include <string_view>

#include "encode/jpeg_encoder.hpp"
#include "encode/pattern_painter.hpp"
#include "ringcast/config/config.hpp"
#include "ringcast/source/frame_source.hpp"
#include "sources/frame_thread.hpp"

namespace ringcast::sources {

class PatternSource final : public source::FrameSource {
public:
    PatternSource(io::Ring& ring, std::string stream_name, const config::PatternSource& pattern);

    void start(source::FrameSink& sink, std::uint32_t stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override {
        thread_.on_completion(completion);
    }
    [[nodiscard]] Instant deadline() const noexcept override { return thread_.deadline(); }
    void on_deadline(Instant now) noexcept override { thread_.on_deadline(now); }
    void stop() noexcept override {
        stop_asked_ = true;
        thread_.stop();
    }
    [[nodiscard]] bool stopped() const noexcept override { return stop_asked_ && thread_.idle(); }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "pattern"; }

private:
    // The thread's functions, and what only it uses while it runs.
    void run(FrameThread::Worker& worker) noexcept;
    void make_frame(FrameThread::Worker& worker, ByteSpan payload) noexcept;
    void note_oversized(FrameThread::Worker& worker, std::size_t frame_bytes_max) noexcept;

    std::string stream_name_;
    double fps_;
    int quality_;
    encode::PatternPainter painter_;
    encode::JpegEncoder encoder_;
    std::uint64_t sequence_ = 0; ///< of the last frame; the first has 1
    bool oversized_ = false;     ///< the last one did not fit

    source::SourceCounters counters_;
    FrameThread thread_;
    bool stop_asked_ = false;
};

} // namespace ringcast::sources
