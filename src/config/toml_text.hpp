#pragma once
// Writes TOML syntax, for messages that show a corrected line.

#include <span>
#include <string>
#include <string_view>

namespace ringcast::config {

/// In double quotes, with control characters escaped, so that any text is safe to print.
[[nodiscard]] std::string toml_quoted(std::string_view text);
/// As a TOML key: bare where TOML allows it, else quoted.
[[nodiscard]] std::string toml_key(std::string_view text);
[[nodiscard]] std::string toml_list(std::span<const std::string> words);

/// The list that is equivalent to `line` in a shell: its words without their quotes, or
/// ["sh", "-c", line] if it needs a real shell (pipes, variables, patterns).
[[nodiscard]] std::string shell_line_as_toml_list(std::string_view line);

} // namespace ringcast::config
