#pragma once
// Which rendition of a stream a request means. No I/O.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "source/picture_workers.hpp"
#include "stream/settings.hpp"

namespace ringcast::rendition {

/// The name of the stream itself among its renditions.
inline constexpr std::string_view full_size = "full";

/// Pixels.
struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    friend bool operator==(Size, Size) = default;
};

/// The size of what is made of a picture of size `full`.
[[nodiscard]] Size size_of(const source::PictureTarget& target, Size full) noexcept;

/// The smallest of `renditions` that is at least so wide; null: the stream itself, also when its
/// size is not known yet (`full` is zero).
[[nodiscard]] const stream::RenditionSpec*
smallest_of_width(std::span<const stream::RenditionSpec> renditions, Size full,
                  std::uint32_t width) noexcept;

/// "full, half or quarter", for a message.
[[nodiscard]] std::string names_text(std::span<const stream::RenditionSpec> renditions);

} // namespace ringcast::rendition
