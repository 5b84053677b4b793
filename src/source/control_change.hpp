#pragma once
// Changes of a camera's controls while it runs, as requests ask for them: plain data.

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace ringcast::source {

struct ControlChange {
    std::string name;
    /// Nothing: the value of the configuration, or the camera's default.
    std::optional<config::ControlSetting::Value> value;
};

/// What has come of a change, which is made as a whole or not at all.
struct ControlOutcome {
    enum class Kind : std::uint8_t {
        under_way,
        applied,     ///< the camera has the values; initially, too
        kept,        ///< the camera is not open, and will be given the values when it is
        refused,     ///< the camera does not accept the values
        unavailable, ///< the camera can't be asked now
    };
    Kind kind = Kind::applied;
    std::string message; ///< of `refused` and `unavailable`: one line for an administrator
};

} // namespace ringcast::source
