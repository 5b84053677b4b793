#pragma once
// `ringcast cameras`: lists the cameras, their formats, sizes and controls, and how to configure
// them. No I/O.

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "capture/cameras.hpp"

namespace ringcast::app {

/// The highest rate of a camera in a format and size, frames per second; nothing when unknown.
using RateLookup = std::function<std::optional<double>(
    const camera::CameraIdentity&, std::string_view format, config::PictureSize)>;

/// A configuration: a [streams.NAME] table for each camera, with comments that describe it.
[[nodiscard]] std::string cameras_text(std::span<const capture::CameraListing> cameras,
                                       const RateLookup& highest_rate);

} // namespace ringcast::app
