#pragma once
// Explains the most common syntax errors of a TOML file: text without quotes, a quote that is not
// closed, a line without a value. The parser's own messages describe its state instead of the
// mistake.

#include <optional>
#include <string>
#include <string_view>

#include "config/document.hpp"

namespace ringcast::config {

struct SyntaxHint {
    Position position;   ///< where the mistake begins
    std::string message; ///< what was found and what was probably meant; one line
};

/// `at` is where the parser stopped in `text`, and `description` what it reports. None when the
/// cause is another one.
[[nodiscard]] std::optional<SyntaxHint> explain_syntax_error(std::string_view text, Position at,
                                                             std::string_view description);

} // namespace ringcast::config
