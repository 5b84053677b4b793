#pragma once
// Finds what a mistyped word was probably meant to be.

#include <optional>
#include <span>
#include <string_view>

namespace ringcast::config {

/// The candidate with the fewest changed, missing, extra or swapped letters; none when every one
/// differs in more than a third of `word`'s letters (two at least are forgiven for words over
/// three).
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

} // namespace ringcast::config
