#include "config/did_you_mean.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ringcast::config {

namespace {

constexpr std::size_t word_bytes_max = 32; // longer than every known word

/// Optimal string alignment: the Levenshtein distance, except that swapping two neighbours counts
/// once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    using Row = std::array<std::size_t, word_bytes_max + 1>;
    Row before_last{};
    Row last{};
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        Row row{};
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

} // namespace

std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    if (word.size() > word_bytes_max) {
        return std::nullopt;
    }
    std::size_t distance_max = std::max<std::size_t>(word.size() / 3, word.size() > 3 ? 2 : 1);
    std::optional<std::string_view> best;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > word_bytes_max) {
            continue;
        }
        const std::size_t distance = edit_distance(word, candidate);
        // Replacing every letter costs `word.size()`, so such a distance is no resemblance.
        if (distance <= distance_max && distance < word.size()) {
            best = candidate;
            if (distance == 0) {
                break;
            }
            distance_max = distance - 1;
        }
    }
    return best;
}

} // namespace ringcast::config
