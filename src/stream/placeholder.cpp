#include "stream/placeholder.hpp"

#include <algorithm>
#include <cstring>

namespace ringcast::stream {

namespace {

/// Pixels, while the stream's size is unknown.
constexpr std::uint16_t default_width = 640;
constexpr std::uint16_t default_height = 360;

} // namespace

void Placeholder::request(std::string_view stream_name, std::string_view reason,
                          std::uint16_t width, std::uint16_t height) noexcept {
    width_ = width == 0 ? default_width : width;
    height_ = height == 0 ? default_height : height;
    ask(stream_name, reason);
}

void Placeholder::ask(std::string_view stream_name, std::string_view reason) noexcept {
    due_ = never; // until the picture is painted
    if (painter_ != nullptr) {
        painter_->request(stream_, stream_name, reason, width_, height_);
    }
}

void Placeholder::on_painted(std::string_view stream_name, std::string_view reason,
                             std::size_t bytes_max, Instant now) noexcept {
    const std::size_t bytes = painter_->picture(stream_).size();
    if (bytes > bytes_max && width_ > 1) {
        width_ = std::max<std::uint16_t>(width_ / 2, 1);
        height_ = std::max<std::uint16_t>(height_ / 2, 1);
        ask(stream_name, reason);
    } else if (bytes > 0) {
        due_ = now;
    }
}

frame::WritableSlot Placeholder::copy_into(frame::FrameArena& arena, Instant now,
                                           Duration period) noexcept {
    due_ = now + period;
    const ConstByteSpan picture = painter_->picture(stream_);
    frame::WritableSlot slot = arena.take_slot();
    if (!slot.valid() || picture.empty() || picture.size() > arena.geometry().frame_bytes_max) {
        return {};
    }
    // The only copy of a whole frame on the loop: once a period, and only without signal.
    std::memcpy(slot.payload().data(), picture.data(), picture.size());
    return slot;
}

frame::FrameInfo Placeholder::info(const frame::WritableSlot& slot, Instant now,
                                   WallTime wall) const noexcept {
    frame::FrameInfo info;
    info.jpeg_offset = slot.payload_offset();
    info.jpeg_bytes = painter_->picture(stream_).size();
    info.width = width_;
    info.height = height_;
    info.captured = wall;
    info.captured_at = now;
    info.placeholder = true;
    return info;
}

} // namespace ringcast::stream
