#pragma once
// The picture that viewers see while there is none, and why.

#include <cstddef>
#include <string_view>
#include <vector>

namespace ringcast::draw {

/// A JPEG of that size in pixels, at least 1 by 1; text that does not fit is left out. The size may
/// be whatever a frame's header says: what is larger than full HD is drawn smaller, in the same
/// proportions unless these leave no room for text. Takes milliseconds: not for the loop's thread.
[[nodiscard]] std::vector<std::byte> draw_no_signal(std::string_view stream_name,
                                                    std::string_view reason, int width, int height);

} // namespace ringcast::draw
