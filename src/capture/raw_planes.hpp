#pragma once
// Converts a camera's buffer to a picture for the encoder. No I/O.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::capture {

/// For RGB, libcamera's names list the components in the reverse order of the bytes in memory.
[[nodiscard]] std::optional<encode::PixelFormat> pixel_format(std::string_view name) noexcept;

/// `planes` are the camera's: one for each plane of the format, or one that contains them all, one
/// after the other. `stride` is the first plane's; those of the other planes are derived from it.
/// Fails if the planes are too small for the picture.
[[nodiscard]] Result<encode::RawPicture> raw_picture(encode::PixelFormat format,
                                                     config::PictureSize size, std::size_t stride,
                                                     std::span<const ByteSpan> planes);

} // namespace ringcast::capture
