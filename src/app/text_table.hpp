#pragma once
// A table of text that fits a width: columns become narrower, and the least important ones are left
// out. No I/O.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::app {

/// The number of characters of UTF-8. Each takes a column of a terminal, apart from those of a few
/// scripts, which take two or none.
[[nodiscard]] std::size_t character_count(std::string_view text) noexcept;

/// `text`, or its beginning with a + in the place of what is missing, in at most `width` characters.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

struct TextColumn {
    std::string_view heading;
    /// The column with the lowest rank is left out first; 0: never.
    int rank = 0;
    /// A column of words, aligned left, is not made narrower than this. 0: numbers, aligned right.
    std::size_t word_width_min = 0;
};

using TextRow = std::vector<std::string>; ///< a cell for each column

/// The headings and `rows`, as lines of at most `width` characters.
[[nodiscard]] std::vector<std::string> table_lines(std::vector<TextColumn> columns,
                                                   std::vector<TextRow> rows, std::size_t width);

} // namespace ringcast::app
