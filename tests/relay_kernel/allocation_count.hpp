#pragma once
// Counts the allocations of one thread. Replaces malloc and its relatives in this program.

#include <cstdint>

namespace ringcast::relay_test {

/// False under a sanitizer, which provides its own malloc.
[[nodiscard]] bool allocations_are_counted() noexcept;
/// Starts counting the calling thread's allocations.
void count_allocations_of_this_thread() noexcept;
/// Number of allocations so far; call it on the counted thread.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

} // namespace ringcast::relay_test
