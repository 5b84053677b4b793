#include "sim/arena_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

constexpr std::byte poison{0xDD};

/// Blocks that no simulation uses. Kept until the process ends.
class Pool {
public:
    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() {
        for (const ByteSpan block : blocks_) {
            std::free(block.data());
        }
    }

    /// Empty if there is none of this size and alignment.
    [[nodiscard]] ByteSpan take(std::size_t bytes, std::size_t page) {
        const auto found = std::find_if(blocks_.begin(), blocks_.end(), [=](ByteSpan block) {
            return block.size() == bytes &&
                   reinterpret_cast<std::uintptr_t>(block.data()) % page == 0;
        });
        if (found == blocks_.end()) {
            return {};
        }
        const ByteSpan block = *found;
        blocks_.erase(found);
        return block;
    }
    /// Keeps the block, in place of the oldest one when there are many.
    void give(ByteSpan block) {
        constexpr std::size_t blocks_max = 64;
        if (blocks_.size() == blocks_max) {
            std::free(blocks_.front().data());
            blocks_.erase(blocks_.begin());
        }
        blocks_.push_back(block);
    }

private:
    std::vector<ByteSpan> blocks_;
};

Pool& pool() {
    static thread_local Pool instance;
    return instance;
}

} // namespace

void poison_slot(ByteSpan slot) noexcept {
    std::memset(slot.data(), static_cast<int>(poison), slot.size());
}

ArenaMemory::ArenaMemory(std::size_t bytes, std::size_t page) : bytes_(pool().take(bytes, page)) {
    if (bytes_.empty()) {
        bytes_ = {static_cast<std::byte*>(std::aligned_alloc(page, bytes)), bytes};
        RINGCAST_ASSERT(bytes_.data() != nullptr);
        poison_slot(bytes_);
    }
}

ArenaMemory::ArenaMemory(ArenaMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

ArenaMemory::~ArenaMemory() {
    if (!bytes_.empty()) {
        pool().give(bytes_);
    }
}

} // namespace ringcast::sim
