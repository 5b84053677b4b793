#pragma once
// Finds the known word that a mistyped word probably stands for.

#include <optional>
#include <span>
#include <string_view>

namespace ringcast::config {

/// The candidate with the fewest changed, missing, extra or swapped letters. None if all of them
/// differ in more than a third of `word`'s letters, or, for short words, in more than two letters
/// (one, if `word` has at most three).
[[nodiscard]] std::optional<std::string_view> closest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

} // namespace ringcast::config
