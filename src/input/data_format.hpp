#pragma once
// Recognises what a stream of bytes is when it is not JPEG, for messages. No I/O.

#include <cstddef>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::input {

/// As many bytes as recognition needs: MPEG-TS repeats its sync byte every 188 bytes.
inline constexpr std::size_t data_format_bytes = 512;

/// `beginning` are the first bytes of the stream. The name of the format, as in "H.264"; empty when
/// it is unknown, or JPEG.
[[nodiscard]] std::string_view data_format(ConstByteSpan beginning) noexcept;

} // namespace ringcast::input
