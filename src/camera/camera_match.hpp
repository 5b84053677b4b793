#pragma once
// Finds the configured camera among the available ones. No I/O: knows the names of cameras, not how
// they are opened.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ringcast::camera {

/// Properties that distinguish cameras.
struct CameraIdentity {
    std::string id;       ///< libcamera's; constant as long as the camera stays at its port
    std::string model;    ///< "HD Pro Webcam C920", "imx708"; not unique
    std::string location; ///< "front", "back", "external"; empty if not known
    std::vector<std::uint64_t> devices; ///< numbers of its device files, as in stat(2)
};

/// The model without repetition: drivers of USB cameras report it twice, "C920: C920", with the
/// second one truncated if there is no room.
[[nodiscard]] std::string_view display_name(const CameraIdentity& camera) noexcept;

struct MatchFailure {
    /// True if no camera matches, so that plugging one in helps. False if several match.
    bool absent = true;
    std::string message; ///< for operators: lists the available cameras
    std::string reason;  ///< for viewers: without paths and ids
};

/// The index of the camera that `wanted` refers to: by its id or a unique part of it, its model or
/// a unique part of it, its index, or by `device` if `wanted` is a device file. Empty: the only
/// camera.
[[nodiscard]] tl::expected<std::size_t, MatchFailure>
match_camera(std::span<const CameraIdentity> cameras, std::string_view wanted,
             std::optional<std::uint64_t> device);

/// True if `text` contains `part`, in whatever case: how parts of ids and models are compared.
[[nodiscard]] bool contains_name(std::string_view text, std::string_view part) noexcept;

/// True if `wanted` is a device file, whose number match_camera needs.
[[nodiscard]] bool names_device(std::string_view wanted) noexcept;

/// The shortest value for the configuration that refers to this camera; empty if it is the only
/// one, or if nothing distinguishes it from the others.
[[nodiscard]] std::string shortest_name(std::span<const CameraIdentity> cameras, std::size_t index);

} // namespace ringcast::camera
