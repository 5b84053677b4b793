#include "app/memory_reserve.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>

namespace ringcast::app {

namespace {

std::array<std::atomic<void*>, 2> blocks{};
constexpr std::size_t general = 0;   ///< for whoever needs memory next
constexpr std::size_t unwinding = 1; ///< for destructors while an exception is on its way

bool release(std::size_t index) noexcept {
    void* const block = blocks[index].exchange(nullptr);
    std::free(block); // NOLINT(cppcoreguidelines-no-malloc)
    return block != nullptr;
}

/// When it returns, operator new tries again.
void on_failed_allocation() {
    if (release(general) || (std::uncaught_exceptions() > 0 && release(unwinding))) {
        return;
    }
    throw std::bad_alloc();
}

} // namespace

MemoryReserve::MemoryReserve() noexcept {
    refill();
    std::set_new_handler(&on_failed_allocation);
}

MemoryReserve::~MemoryReserve() {
    std::set_new_handler(nullptr);
    static_cast<void>(release(general));
    static_cast<void>(release(unwinding));
}

void MemoryReserve::refill() noexcept {
    for (std::atomic<void*>& block : blocks) {
        if (block.load(std::memory_order_relaxed) == nullptr) {
            block.store(std::malloc(block_bytes)); // NOLINT(cppcoreguidelines-no-malloc)
        }
    }
}

} // namespace ringcast::app
