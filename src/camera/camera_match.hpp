#pragma once
// Which camera is meant. Pure: knows what cameras are called, not how they are opened.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ringcast::camera {

/// What tells one camera from another.
struct CameraIdentity {
    std::string id;                     ///< libcamera's; the same at the same port
    std::string model;                  ///< "HD Pro Webcam C920", "imx708"; may be the same for two
    std::string location;               ///< "front", "back", "external"; empty: not known
    std::vector<std::uint64_t> devices; ///< numbers of its device files, as stat(2) has them
};

/// The model, said once: drivers of USB cameras say it twice, "C920: C920", the second time as far
/// as there is room.
[[nodiscard]] std::string_view display_name(const CameraIdentity& camera) noexcept;

struct MatchFailure {
    /// True when it may yet be plugged in: no camera fits. False when several do.
    bool absent = true;
    std::string message; ///< for operators: it lists the cameras that there are
    std::string reason;  ///< for viewers: without paths and ids
};

/// The index of the camera that `wanted` means: its id, a part of it that no other has, its model
/// or a part of that, its index, or `device` where `wanted` is a device file. Empty: the only one.
[[nodiscard]] tl::expected<std::size_t, MatchFailure>
match_camera(std::span<const CameraIdentity> cameras, std::string_view wanted,
             std::optional<std::uint64_t> device);

/// True when `wanted` is a device file, so that match_camera wants its number.
[[nodiscard]] bool names_device(std::string_view wanted) noexcept;

/// The shortest way to say in a configuration which of `cameras` is meant; empty when there is only
/// one, or when nothing tells it from the others.
[[nodiscard]] std::string shortest_name(std::span<const CameraIdentity> cameras, std::size_t index);

} // namespace ringcast::camera
