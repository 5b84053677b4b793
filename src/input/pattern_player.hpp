#pragma once
// Paints the test pattern at a fixed rate and encodes it straight into slots. Runs in a thread.
// Knows no engine.

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "draw/jpeg_encoder.hpp"
#include "draw/pattern_painter.hpp"
#include "input/frame_thread.hpp"
#include "input/thread_source.hpp"

namespace ringcast::input {

class PatternPlayer {
public:
    static constexpr std::string_view kind = "pattern";

    PatternPlayer(std::string stream_name, const config::PatternConfig& pattern);
    void run(FrameThread::Worker& worker) noexcept;

private:
    void make_frame(FrameThread::Worker& worker, ByteSpan payload) noexcept;
    void note_oversized(FrameThread::Worker& worker, std::size_t frame_bytes_max) noexcept;

    std::string stream_name_;
    double fps_;
    int quality_;
    draw::PatternPainter painter_;
    draw::JpegEncoder encoder_;
    std::uint64_t sequence_ = 0; ///< of the last frame; the first is 1
    bool oversized_ = false;     ///< the last one did not fit
};

using PatternSource = ThreadSource<PatternPlayer>;

} // namespace ringcast::input
