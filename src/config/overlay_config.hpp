#pragma once
// A text that is drawn into pictures. Plain data.

#include <cstdint>
#include <string>

namespace ringcast::config {

enum class Corner : std::uint8_t { top_left, top_right, bottom_left, bottom_right };

struct OverlayConfig {
    std::string text; ///< with conversions of strftime, for the time of capture
    Corner position = Corner::bottom_left;
    friend bool operator==(const OverlayConfig&, const OverlayConfig&) = default;
};

} // namespace ringcast::config
