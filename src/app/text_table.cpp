#include "app/text_table.hpp"

#include <algorithm>
#include <cstdint>

#include "base/assert.hpp"

namespace ringcast::app {

namespace {

constexpr std::size_t gap = 1; // between two columns

/// True for the first byte of a character.
bool begins_character(char byte) noexcept {
    constexpr unsigned continuation_mask = 0xC0;
    constexpr unsigned continuation = 0x80;
    return (static_cast<unsigned char>(byte) & continuation_mask) != continuation;
}

std::vector<std::size_t> natural_widths(const std::vector<TextColumn>& columns,
                                        const std::vector<TextRow>& rows) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t width = columns[i].heading.size();
        for (const TextRow& row : rows) {
            width = std::max(width, character_count(row[i]));
        }
        widths.push_back(width);
    }
    return widths;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
    std::size_t total = (widths.size() - 1) * gap;
    for (const std::size_t width : widths) {
        total += width;
    }
    return total;
}

/// Makes the columns of words narrower as far as needed and allowed.
void narrow_words(const std::vector<TextColumn>& columns, std::vector<std::size_t>& widths,
                  std::size_t width) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::size_t total = total_width(widths);
        if (total <= width) {
            return;
        }
        const std::size_t spare = widths[i] - std::min(widths[i], columns[i].word_width_min);
        if (columns[i].word_width_min > 0) {
            widths[i] -= std::min(spare, total - width);
        }
    }
}

/// Leaves out the column with the lowest rank. False if all that are left have to stay.
bool leave_one_out(std::vector<TextColumn>& columns, std::vector<TextRow>& rows) {
    const auto order = [](const TextColumn& column) {
        return column.rank == 0 ? INT32_MAX : column.rank;
    };
    const auto found = std::ranges::min_element(columns, {}, order);
    if (found->rank == 0) {
        return false;
    }
    const auto index = found - columns.begin();
    columns.erase(found);
    for (TextRow& row : rows) {
        row.erase(row.begin() + index);
    }
    return true;
}

std::string line_of(const std::vector<TextColumn>& columns, const TextRow& row,
                    const std::vector<std::size_t>& widths) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string text = shortened(row[i], widths[i]);
        const std::size_t blanks = widths[i] - character_count(text);
        line.append(i == 0 ? 0 : gap, ' ');
        if (columns[i].word_width_min == 0) {
            line.append(blanks, ' ').append(text);
        } else {
            line.append(text).append(blanks, ' ');
        }
    }
    line.resize(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::size_t character_count(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string shortened(std::string_view text, std::size_t width) {
    if (character_count(text) <= width) {
        return std::string(text);
    }
    if (width == 0) {
        return {};
    }
    std::size_t end = 0;
    for (std::size_t characters = 0; end < text.size(); ++end) {
        characters += begins_character(text[end]) ? 1U : 0U;
        if (characters == width) {
            break;
        }
    }
    return std::string(text.substr(0, end)).append("+");
}

std::vector<std::string> table_lines(std::vector<TextColumn> columns, std::vector<TextRow> rows,
                                     std::size_t width) {
    rows.emplace_back();
    for (const TextColumn& column : columns) {
        rows.back().emplace_back(column.heading);
    }
    std::rotate(rows.begin(), rows.end() - 1, rows.end());
    RINGCAST_ASSERT(std::ranges::all_of(
        rows, [&](const TextRow& row) { return row.size() == columns.size(); }));
    std::vector<std::size_t> widths;
    do {
        widths = natural_widths(columns, rows);
        narrow_words(columns, widths, width);
    } while (total_width(widths) > width && leave_one_out(columns, rows));
    std::vector<std::string> lines;
    lines.reserve(rows.size());
    for (const TextRow& row : rows) {
        lines.push_back(shortened(line_of(columns, row, widths), width));
    }
    return lines;
}

} // namespace ringcast::app
