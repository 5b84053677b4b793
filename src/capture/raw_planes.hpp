#pragma once
// A camera's buffer as a picture that the encoder takes. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::capture {

/// libcamera's names are of 32-bit words read backwards where RGB is concerned.
[[nodiscard]] std::optional<encode::PixelFormat> pixel_format(std::string_view name) noexcept;

/// `planes` as the camera describes them: one for each of the format's, or one that holds them all,
/// one behind the other. `stride` is the first plane's; those of colour follow from it. Fails when
/// the planes are too small for the picture.
[[nodiscard]] Result<encode::RawPicture> raw_picture(encode::PixelFormat format,
                                                     config::PictureSize size, std::size_t stride,
                                                     std::span<const ByteSpan> planes);

} // namespace ringcast::capture
