#pragma once
// What operators see of a camera: plain data that the relay renders. Filled by a source that is a
// camera; knows neither how it is opened nor how it is shown.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::source {

enum class ControlKind : std::uint8_t {
    boolean,
    integer,
    number,
    text,
    enumeration, ///< one of `choices`
    size,        ///< width, height
    rectangle,   ///< x, y, width, height
};
[[nodiscard]] std::string_view control_kind_name(ControlKind kind) noexcept;

/// A control that the camera has, in libcamera's words.
struct CameraControl {
    struct Choice {
        std::int64_t value = 0;
        std::string name;
        friend bool operator==(const Choice&, const Choice&) = default;
    };
    using Value = config::ControlSetting::Value;

    std::string name;
    ControlKind kind = ControlKind::integer;
    /// How many of the kind it takes; 1 is one value, 0 any number in a list.
    std::uint16_t count = 1;
    std::vector<Choice> choices; ///< of an enumeration: those that this camera has

    // As the configuration would spell them; nothing where the camera doesn't say.
    std::optional<Value> min;
    std::optional<Value> max;
    std::optional<Value> initial;
    std::optional<Value> value; ///< as ringcast has set it
};

/// What operators see counted of a camera beside `SourceCounters`; all of it only grows.
struct CameraTotals {
    std::uint64_t captured = 0;         ///< frames that the driver gave whole
    std::uint64_t driver_dropped = 0;   ///< numbers missing in its sequence
    std::uint64_t driver_failed = 0;    ///< frames with an error, and buffers that it turned down
    std::uint64_t out_of_order = 0;     ///< older than one before
    std::uint64_t skipped_for_rate = 0; ///< more than were asked for
    std::uint64_t lent = 0;             ///< published in the camera's own memory
    std::uint64_t copied = 0;           ///< by one copy, because its memory is not registered
    std::uint64_t copied_under_pressure = 0; ///< by one copy, because buffers were short
    std::uint64_t bytes_copied = 0;          ///< by either
    std::uint64_t encoded = 0;               ///< from a raw format
    std::uint64_t encode_skipped = 0;        ///< raw frames that nobody needed
    Duration encode_time{};                  ///< sum over `encoded`
    std::uint64_t opened = 0;                ///< times that the camera was started
};

struct CameraStatus {
    std::string id; ///< empty while no camera has been found
    std::string model;
    std::string location; ///< "front", "back", "external"; empty: not known
    std::string library;  ///< "libcamera 0.3.2"
    std::string driver;   ///< the kernel's, "uvcvideo"; empty: not known
    std::string format;   ///< empty while the camera is not open
    bool running = false;
    bool settling = false;     ///< frames are held back until exposure has settled
    std::string tier;          ///< "registered", "copied", "encoded"; empty while it is not open
    std::string tier_reason;   ///< why a better tier was not to be had; empty at the best
    std::string memory;        ///< "libcamera", or a dma-heap's name; empty while not open
    std::string memory_reason; ///< why raw pictures are in no better one; empty at the best
    std::uint32_t buffers = 0; ///< of the camera; 0 while it is not open
    std::uint32_t buffers_free = 0; ///< of these, with the camera
    std::uint32_t buffers_lent = 0; ///< with viewers, those of before an unplug included
    CameraTotals counters;
};

} // namespace ringcast::source
