#pragma once
// `ringcast cameras`: what cameras there are, what each makes, and how to configure it. Pure.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "capture/cameras.hpp"

namespace ringcast::app {

/// The highest rate of a camera in a format and size, frames per second; nothing when not known.
using RateLookup = std::function<std::optional<double>(
    const camera::CameraIdentity&, std::string_view format, config::PictureSize)>;

/// A configuration: a [streams.NAME] block for each, and comments that say what it is and makes.
[[nodiscard]] std::string cameras_text(std::span<const capture::CameraListing> cameras,
                                       const RateLookup& highest_rate);

} // namespace ringcast::app
