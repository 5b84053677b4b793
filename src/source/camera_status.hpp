#pragma once
// The state of a camera for the status page, the API and metrics: plain data, filled by the
// camera's source. Knows neither how a camera is opened nor how its state is rendered.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/config.hpp"
#include "metrics/histogram.hpp"

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

/// A control of the camera, with the name and values of libcamera, or of the camera's V4L2 device.
struct CameraControl {
    struct Choice {
        std::int64_t value = 0;
        std::string name;
        friend bool operator==(const Choice&, const Choice&) = default;
    };
    using Value = config::ControlSetting::Value;

    std::string name;
    std::uint32_t v4l2_id = 0; ///< of a control of the V4L2 device; 0: it is libcamera's
    ControlKind kind = ControlKind::integer;
    /// The number of values: 1 is a single value, 0 a list of any length.
    std::uint16_t count = 1;
    std::vector<Choice> choices; ///< of an enumeration: those that this camera supports

    // In the form of the configuration; nothing where the camera does not report it.
    std::optional<Value> min;
    std::optional<Value> max;
    std::optional<Value> initial;
    std::optional<Value> value; ///< the value that ringcast has set

    // Of V4L2 controls only.
    std::optional<std::int64_t> step;
    std::optional<Value> current; ///< the device's, read when the camera was opened
    bool inactive = false;        ///< without effect, usually because an automatic control is on
    bool read_only = false;
};

/// A rectangle of a camera's sensor, in its pixels.
struct SensorCrop {
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    friend bool operator==(const SensorCrop&, const SensorCrop&) = default;
};

/// One of the ways in which a sensor can be read.
struct SensorMode {
    config::PictureSize size; ///< of the pictures that the sensor delivers
    std::uint16_t bit_depth = 0;
    SensorCrop crop;    ///< the part of the sensor that these pictures show
    double fps_max = 0; ///< frames per second
};

/// The sensor of an open camera.
struct SensorStatus {
    SensorMode mode;
    SensorCrop crop;       ///< the part of the sensor that the camera's pictures show
    double view_share = 0; ///< its share of the widest field of view, at most 1
};

/// Counters of a camera, in addition to `SourceCounters`. Monotonic.
struct CameraTotals {
    std::uint64_t captured = 0;         ///< frames that the driver completed without error
    std::uint64_t driver_dropped = 0;   ///< gaps in the driver's sequence numbers
    std::uint64_t driver_failed = 0;    ///< frames with an error, and buffers the driver rejected
    std::uint64_t out_of_order = 0;     ///< frames older than an earlier one
    std::uint64_t skipped_for_rate = 0; ///< frames beyond the configured rate
    std::uint64_t lent = 0;             ///< frames published in the camera's own memory
    std::uint64_t copied = 0;           ///< frames copied once: camera memory is not registered
    std::uint64_t copied_under_pressure = 0; ///< frames copied once: camera buffers were short
    std::uint64_t bytes_copied = 0;          ///< by both kinds of copies
    std::uint64_t encoded = 0;               ///< frames encoded from a raw format, or turned
    std::uint64_t encode_skipped = 0;        ///< frames not encoded because not needed
    metrics::TimeHistogram encode;           ///< times of `encoded`
    std::uint64_t opened = 0;                ///< number of times the camera was started
};

struct CameraStatus {
    std::string id; ///< empty while no camera has been found
    std::string model;
    std::string location; ///< "front", "back", "external"; empty: unknown
    std::string library;  ///< "libcamera 0.3.2"
    std::string driver;   ///< the kernel driver, such as "uvcvideo"; empty: unknown
    std::string format;   ///< empty while the camera is not open
    std::string focus;    ///< "continuous (default)"; empty without autofocus, or while not open
    /// The settings of the configuration, with those that requests have changed.
    std::vector<config::ControlSetting> controls_set;
    std::vector<config::ControlSetting>
        controls_changed;               ///< by requests, in effect until a restart
    std::optional<SensorStatus> sensor; ///< none without sensor modes, or while not open
    bool running = false;
    bool settling = false;     ///< frames are not published until exposure has settled
    std::string tier;          ///< "registered", "copied", "encoded"; empty while not open
    std::string tier_reason;   ///< why a better tier is not available; empty in the best tier
    std::string memory;        ///< "libcamera", or a dma-heap's name; empty while not open
    std::string memory_reason; ///< why raw pictures are not in better memory; empty in the best
    std::uint32_t buffers = 0; ///< the camera's buffers; 0 while not open
    std::uint32_t buffers_free = 0; ///< of these, buffers that the camera has
    std::uint32_t buffers_lent = 0; ///< held by viewers, including buffers from before an unplug
    CameraTotals counters;
};

} // namespace ringcast::source
