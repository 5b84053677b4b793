#include "input/pattern_player.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/log.hpp"
#include "config/units.hpp"
#include "input/schedule.hpp"
#include "os/clock.hpp"

namespace ringcast::input {

PatternPlayer::PatternPlayer(std::string stream_name, const config::PatternConfig& pattern)
    : stream_name_(std::move(stream_name)), fps_(pattern.fps), quality_(pattern.quality),
      painter_(pattern.size.width, pattern.size.height, pattern.fps) {}

void PatternPlayer::run(FrameThread::Worker& worker) noexcept {
    Schedule schedule(fps_, os::monotonic_now());
    while (worker.sleep_until(schedule.due()) != FrameThread::Worker::Wake::stop) {
        if (const ByteSpan payload = worker.payload(); !payload.empty()) {
            make_frame(worker, payload);
        } else {
            ++worker.frames_dropped;
        }
        worker.frames_dropped += schedule.advance(os::monotonic_now());
    }
}

void PatternPlayer::make_frame(FrameThread::Worker& worker, ByteSpan payload) noexcept {
    const ByteSpan into = frame::SlotGeometry::frame_part(payload);
    frame::FrameInfo info;
    // Read in this order, so that a frame newer than a request is newer by either clock.
    info.captured_at = os::monotonic_now();
    info.captured = os::wall_now();
    const draw::Picture& picture = painter_.paint(sequence_ + 1, info.captured);
    const jpeg::Stamp stamp{sequence_ + 1, info.captured, 0};
    const std::optional<std::size_t> bytes = encoder_.encode(picture, quality_, stamp, into);
    if (!bytes.has_value() && encoder_.out_of_memory()) {
        ++worker.frames_dropped;
        return;
    }
    if (!bytes.has_value()) {
        note_oversized(worker, into.size());
        return;
    }
    oversized_ = false;
    ++sequence_;
    info.jpeg_offset = worker.payload_offset();
    info.jpeg_bytes = *bytes;
    info.width = static_cast<std::uint16_t>(picture.width());
    info.height = static_cast<std::uint16_t>(picture.height());
    worker.hand_over(info);
}

void PatternPlayer::note_oversized(FrameThread::Worker& worker,
                                   std::size_t frame_bytes_max) noexcept {
    ++worker.frames_oversized;
    if (oversized_) {
        return;
    }
    oversized_ = true;
    std::string reason =
        fmt::format("the pattern's frames are larger than frame_max = {}: raise it in [memory]",
                    config::bytes_text_rounded(frame_bytes_max));
    log_stream(LogLevel::warning, stream_name_, "{}", reason);
    worker.report(std::move(reason));
}

} // namespace ringcast::input
