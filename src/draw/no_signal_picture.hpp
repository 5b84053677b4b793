#pragma once
// Draws the picture that viewers get while a stream has no frames, with the reason in it.

#include <cstddef>
#include <string_view>
#include <vector>

namespace ringcast::draw {

/// Returns a JPEG of the given size in pixels, at least 1 by 1; text that does not fit is left out.
/// The size may be taken unchecked from a frame's header: a picture larger than full HD is drawn
/// smaller, with the same aspect ratio unless that leaves no room for text. Takes milliseconds, so
/// it must not be called by the loop's thread.
[[nodiscard]] std::vector<std::byte> draw_no_signal(std::string_view stream_name,
                                                    std::string_view reason, int width, int height);

} // namespace ringcast::draw
