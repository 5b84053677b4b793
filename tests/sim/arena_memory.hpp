#pragma once
// Poisoned memory for the arenas of simulated streams. Blocks are reused by later simulations: the
// page faults of fresh memory would take most of the time of a short run.

#include <cstddef>

#include "base/bytes.hpp"

namespace ringcast::sim {

/// Overwrites a free slot, so that a frame that is still sent from it is detected.
void poison_slot(ByteSpan slot) noexcept;

class ArenaMemory {
public:
    /// `bytes` is a multiple of `page`, which is a power of two.
    ArenaMemory(std::size_t bytes, std::size_t page);
    ~ArenaMemory();
    ArenaMemory(ArenaMemory&& other) noexcept;
    ArenaMemory& operator=(ArenaMemory&&) = delete;

    [[nodiscard]] ByteSpan bytes() const noexcept { return bytes_; }

private:
    ByteSpan bytes_;
};

} // namespace ringcast::sim
