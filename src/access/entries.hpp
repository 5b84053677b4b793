#pragma once
// The lines that users files and tokens files have in common: NAME:VALUE, comments from # to the end
// of a line that begins with it, and empty lines. No I/O. Messages contain nothing of the text,
// because any part of it may be a secret in the wrong place.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ringcast::access {

inline constexpr std::size_t access_file_bytes_max = 64UL * 1024;
inline constexpr std::size_t access_entries_max = 1000;

/// Views into the text.
struct Entry {
    std::size_t line = 0; ///< counted from 1
    std::string_view name;
    std::string_view value; ///< all that follows the first colon; not empty
};

/// 1 to 1000 entries with valid, different names, in the order of the file. `file` is the file's
/// name in messages, `form` the form of a line, such as "NAME:HASH". White space around a line is
/// ignored, so the line may end in CR LF; so is a byte order mark.
[[nodiscard]] Result<std::vector<Entry>> read_entries(std::string_view text, std::string_view file,
                                                      std::string_view form);

/// True exactly when a line is neither empty nor a comment.
[[nodiscard]] bool has_entries(std::string_view text) noexcept;

/// `text` with `line`, which has no line end, in place of the line of `name`, or else as its last
/// line. All else stays as it is, also what read_entries() does not accept; further lines of `name`
/// are removed.
[[nodiscard]] std::string with_entry(std::string_view text, std::string_view name,
                                     std::string_view line);
/// `text` without the lines of `name`; equal to `text` if there are none.
[[nodiscard]] std::string without_entry(std::string_view text, std::string_view name);

} // namespace ringcast::access
