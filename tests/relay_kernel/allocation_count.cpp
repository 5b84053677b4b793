#include "relay_kernel/allocation_count.hpp"

#include <cstddef>

#include <malloc.h> // declares memalign

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RINGCAST_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RINGCAST_SANITIZED 1
#endif

namespace {

thread_local bool counted = false;
thread_local std::uint64_t allocations = 0;

} // namespace

#if !defined(RINGCAST_SANITIZED)

// glibc's allocator under its internal names; operator new calls malloc, so it is counted too.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
    allocations += counted ? 1 : 0;
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    allocations += counted ? 1 : 0;
    return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
    allocations += counted ? 1 : 0;
    return __libc_realloc(memory, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    allocations += counted ? 1 : 0;
    return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return memalign(alignment, bytes);
}
}

#endif

namespace ringcast::relay_test {

bool allocations_are_counted() noexcept {
#if defined(RINGCAST_SANITIZED)
    return false;
#else
    return true;
#endif
}

void count_allocations_of_this_thread() noexcept {
    counted = true;
}

std::uint64_t allocations_of_this_thread() noexcept {
    return allocations;
}

} // namespace ringcast::relay_test
