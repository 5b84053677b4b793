#pragma once
// The "no signal" picture of a stream: requested from the painter when the signal is lost,
// requested smaller while it does not fit into a slot, and published once a period while somebody
// watches.

#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "io/token.hpp"
#include "source/placeholder_painter.hpp"

namespace ringcast::stream {

class Placeholder {
public:
    /// `painter` may be null: then there are no pictures.
    Placeholder(source::PlaceholderPainter* painter, io::StreamId stream) noexcept
        : painter_(painter), stream_(stream) {}

    /// Requests a picture with `reason`. `width` and `height` are those of the stream's last frame
    /// in pixels, 0 if there was none.
    void request(std::string_view stream_name, std::string_view reason, std::uint16_t width,
                 std::uint16_t height) noexcept;
    /// No picture is due any more.
    void cancel() noexcept { due_ = never; }
    /// The painter has finished a picture, perhaps this one. `bytes_max`: the largest picture that
    /// fits into a slot.
    void on_painted(std::string_view stream_name, std::string_view reason, std::size_t bytes_max,
                    Instant now) noexcept;
    /// Copies the picture into a slot of the arena; invalid when the arena has no slot free. The
    /// next one is due a `period` later in either case.
    [[nodiscard]] frame::WritableSlot copy_into(frame::FrameArena& arena, Instant now,
                                                Duration period) noexcept;
    /// Describes the frame in a slot that `copy_into` has filled.
    [[nodiscard]] frame::FrameInfo info(const frame::WritableSlot& slot, Instant now,
                                        WallTime wall) const noexcept;
    /// Time of the next publication; `never` while the picture is not painted.
    [[nodiscard]] Instant due() const noexcept { return due_; }

private:
    void ask(std::string_view stream_name, std::string_view reason) noexcept;

    source::PlaceholderPainter* painter_;
    io::StreamId stream_;
    std::uint16_t width_ = 0;
    std::uint16_t height_ = 0;
    Instant due_ = never;
};

} // namespace ringcast::stream
