#pragma once
// Makes text from peers, programs and devices safe to show: in a log, on a terminal, on a page. No
// I/O.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace ringcast {

/// Replaces, in place, everything that could change how a terminal or a page shows the text around
/// it by a question mark: control characters (C0, DEL and C1), line and paragraph separators, marks
/// of writing direction, and each byte that is not part of valid UTF-8 (RFC 3629). The result is
/// valid UTF-8 and not longer than `text`; its length is returned. Other characters stay as they
/// are. The function is idempotent.
[[nodiscard]] std::size_t make_printable(std::span<char> text) noexcept;

/// A copy of `text` made printable.
[[nodiscard]] std::string printable_text(std::string_view text);

} // namespace ringcast
