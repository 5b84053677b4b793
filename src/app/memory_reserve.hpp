#pragma once
// Memory that is given back when an allocation fails. Destructors of libraries allocate too, where
// a failure would end the process: nlohmann-json's do.

#include <cstddef>

namespace ringcast::app {

/// Two blocks. At a failure the first one is released, and the allocation is tried again. When it
/// is gone the allocation throws std::bad_alloc, and the second one is for the destructors that
/// run then. At most one object exists in a process, because it installs the handler of operator
/// new. Allocations may be made by any thread.
class MemoryReserve {
public:
    /// More than the largest answer needs while it is destroyed.
    static constexpr std::size_t block_bytes = 512UL * 1024UL;

    MemoryReserve() noexcept;
    MemoryReserve(const MemoryReserve&) = delete;
    MemoryReserve& operator=(const MemoryReserve&) = delete;
    ~MemoryReserve();
    /// Allocates released blocks again. Does nothing while memory is still short.
    void refill() noexcept;
};

} // namespace ringcast::app
