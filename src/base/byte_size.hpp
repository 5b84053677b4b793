#pragma once
// Sizes of frames in the words of log lines and reasons, spelled as in the configuration.

#include <cstddef>
#include <string>

namespace ringcast {

/// "1 MiB", "1.4 MiB", "900 KiB"; at most one decimal.
[[nodiscard]] std::string byte_size(std::size_t bytes);
/// The same, rounded up: what is larger than a limit must not read like the limit.
[[nodiscard]] std::string byte_size_above(std::size_t bytes);
/// Why a frame of `bytes` can't be shown, and which setting mends it.
[[nodiscard]] std::string oversized_reason(std::size_t bytes, std::size_t frame_bytes_max);

} // namespace ringcast
