#pragma once
// Splits a stream of text that arrives in pieces into lines, and keeps the last few. No I/O;
// allocates nothing.

#include <array>
#include <cstddef>
#include <string_view>

#include "base/printable.hpp"

namespace ringcast::input {

class LineTail {
public:
    static constexpr std::size_t lines_max = 5;
    /// Longer lines are cut.
    static constexpr std::size_t line_bytes_max = 400;

    /// Calls `take(std::string_view line)` for each line that ends in `text`. A carriage return
    /// ends a line too (progress displays); empty lines are skipped; tabs become spaces, and what
    /// is not printable becomes question marks.
    template <typename Take>
    void feed(std::string_view text, Take take) {
        for (const char letter : text) {
            if (letter == '\n' || letter == '\r') {
                finish(take);
            } else {
                append(letter);
            }
        }
    }
    /// The text has ended: the rest without a line end is a line.
    template <typename Take>
    void finish(Take take) {
        if (current().length > 0) {
            current().length = make_printable({current().letters.data(), current().length});
            take(current().text());
            count_ = count_ < lines_max ? count_ + 1 : lines_max;
            write_ = (write_ + 1) % lines_.size();
            current().length = 0;
        }
    }
    void clear() noexcept {
        count_ = 0;
        current().length = 0;
    }

    /// Number of lines kept.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    /// The oldest is 0.
    [[nodiscard]] std::string_view line(std::size_t index) const noexcept {
        return lines_[(write_ + lines_.size() - count_ + index) % lines_.size()].text();
    }

private:
    struct Line {
        std::size_t length = 0;
        std::array<char, line_bytes_max> letters{};
        [[nodiscard]] std::string_view text() const noexcept { return {letters.data(), length}; }
    };

    [[nodiscard]] Line& current() noexcept { return lines_[write_]; }
    void append(char letter) noexcept {
        Line& line = current();
        if (line.length < line_bytes_max) {
            line.letters[line.length++] = letter == '\t' ? ' ' : letter;
        }
    }

    std::array<Line, lines_max + 1> lines_{}; ///< one more: the line that has not ended
    std::size_t write_ = 0;
    std::size_t count_ = 0;
};

} // namespace ringcast::input
