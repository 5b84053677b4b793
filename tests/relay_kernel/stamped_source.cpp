#include "relay_kernel/stamped_source.hpp"

#include <algorithm>
#include <cstring>

#include "jpeg/stamp.hpp"

namespace ringcast::relay_test {

void StampedSource::start(source::FrameSink& sink, io::StreamId) noexcept {
    sink_ = &sink;
    next_ = engine_.now() + period_;
}

void StampedSource::on_deadline(Instant now) noexcept {
    next_ = std::max(next_ + period_, now);
    frame::WritableSlot slot = sink_->take_slot();
    if (!slot.valid()) {
        ++counters_.frames_dropped;
        ++starved_;
        return;
    }
    const ByteSpan jpeg = slot.payload().first(frame_bytes_);
    std::memset(jpeg.data(), static_cast<int>(counters_.frames & 0x7FU), jpeg.size());
    jpeg[0] = std::byte{0xFF};
    jpeg[1] = std::byte{0xD8};
    jpeg[jpeg.size() - 2] = std::byte{0xFF};
    jpeg[jpeg.size() - 1] = std::byte{0xD9};
    jpeg::Stamp stamp;
    stamp.sequence = ++counters_.frames;
    stamp.captured = engine_.wall_now();
    stamp.crc = jpeg::stamp_checksum(jpeg);
    jpeg::write_stamp(jpeg.subspan(2), stamp);

    frame::FrameInfo info;
    info.jpeg_offset = slot.payload_offset();
    info.jpeg_bytes = jpeg.size();
    info.width = 640;
    info.height = 480;
    info.captured = stamp.captured;
    info.captured_at = now;
    counters_.bytes += jpeg.size();
    sink_->publish(std::move(slot), info);
    ++published_;
}

} // namespace ringcast::relay_test
