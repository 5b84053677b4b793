#pragma once
// A completed buffer of a camera, as its driver reports it.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace ringcast::camera {

/// A frame in one of the camera's buffers, or the report that capturing one failed.
struct CapturedFrame {
    std::uint32_t buffer = 0;   ///< index into the buffers of the open camera
    bool whole = false;         ///< false: the driver reports an error
    std::size_t bytes = 0;      ///< in the first plane
    std::uint32_t sequence = 0; ///< wraps
    Instant captured_at{};
    WallTime captured{};
    /// Whether exposure has settled; none if the camera does not report it.
    std::optional<bool> exposure_settled;
    bool startup = false; ///< whole, but the camera marks it as too early to be shown
    bool refused = false; ///< the driver rejected the buffer; only `buffer` is valid
};

} // namespace ringcast::camera
