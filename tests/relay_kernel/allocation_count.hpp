#pragma once
// Counts what one thread allocates, by standing in for malloc in this program.

#include <cstdint>

namespace ringcast::relay_test {

/// False under a sanitizer, which has its own malloc.
[[nodiscard]] bool allocations_are_counted() noexcept;
/// From now on the calling thread's allocations are counted.
void count_allocations_of_this_thread() noexcept;
/// How many there have been; to be called on the counted thread.
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;

} // namespace ringcast::relay_test
