#pragma once
// What `ringcast top` shows: lines of text made of two statuses of a server. No I/O, no clock.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/listed_status.hpp"

namespace ringcast::app {

/// Of a terminal, in characters.
struct TextSize {
    std::size_t columns = 0;
    std::size_t lines = 0;
    friend bool operator==(const TextSize&, const TextSize&) = default;
};

struct TopView {
    std::string_view server; ///< where it was asked
    /// An earlier status, for rates; it may be that of another process. Null: there is none yet.
    const api::ListedStatus* before = nullptr;
    const api::ListedStatus& now;
    std::string_view problem; ///< why there is no newer status; empty if there is none
};

struct TopLine {
    std::string text;
    bool heading = false; ///< of a table
};

/// At most as many lines, and characters in a line, as `size` has; without it, all. Streams without
/// signal come first, then those with the most viewers; viewers that miss the most frames come first.
[[nodiscard]] std::vector<TopLine> top_lines(const TopView& view, std::optional<TextSize> size);

} // namespace ringcast::app
