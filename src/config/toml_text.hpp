#pragma once
// Pieces of TOML for messages that show what a line should look like.

#include <span>
#include <string>
#include <string_view>

namespace ringcast::config {

/// In double quotes, with escapes: also safe to print, whatever the text holds.
[[nodiscard]] std::string toml_quoted(std::string_view text);
/// As a key is written: bare where TOML allows it, else quoted.
[[nodiscard]] std::string toml_key(std::string_view text);
[[nodiscard]] std::string toml_list(std::span<const std::string> words);

/// The list that runs what a shell would have made of `line`: its words without their quotes, or
/// ["sh", "-c", line] when it needs a real shell (pipes, variables, patterns).
[[nodiscard]] std::string shell_line_as_toml_list(std::string_view line);

} // namespace ringcast::config
