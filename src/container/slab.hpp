#pragma once
// A fixed table whose entries are named by handles with a generation: what a handle finds is always
// what it was given for. Allocates once, at construction. Addresses are stable.

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/assert.hpp"
#include "base/strong_id.hpp"

namespace ringcast::container {

template <typename Value>
class Slab {
public:
    using Id = Handle<Value>;

    explicit Slab(std::uint32_t capacity)
        : entries_(capacity), live_((capacity + word_bits - 1) / word_bits) {
        RINGCAST_ASSERT(capacity > 0);
        free_.reserve(capacity);
        for (std::uint32_t i = capacity; i > 0; --i) {
            free_.push_back(i - 1);
        }
    }

    [[nodiscard]] std::uint32_t capacity() const noexcept {
        return static_cast<std::uint32_t>(entries_.size());
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return capacity() - free_count(); }
    [[nodiscard]] std::uint32_t free_count() const noexcept {
        return static_cast<std::uint32_t>(free_.size());
    }
    [[nodiscard]] bool full() const noexcept { return free_.empty(); }

    /// Takes a free entry, freshly made. The slab is not full.
    [[nodiscard]] Id insert() noexcept {
        RINGCAST_ASSERT(!full());
        const std::uint32_t index = free_.back();
        free_.pop_back();
        Entry& entry = entries_[index];
        RINGCAST_ASSERT(!is_live(index));
        live_[index / word_bits] |= bit(index);
        ++entry.generation;
        if (entry.generation == 0) { // wrapped: 0 names nothing
            entry.generation = 1;
        }
        return {index, entry.generation};
    }

    /// Null when what `id` named is gone.
    [[nodiscard]] Value* find(Id id) noexcept {
        if (id.index >= entries_.size()) {
            return nullptr;
        }
        Entry& entry = entries_[id.index];
        return is_live(id.index) && entry.generation == id.generation ? &entry.value : nullptr;
    }

    /// What `id` names; it is live.
    [[nodiscard]] Value& get(Id id) noexcept {
        Value* value = find(id);
        RINGCAST_ASSERT(value != nullptr);
        return *value;
    }

    /// Frees the entry and resets it to a default-made value.
    void erase(Id id) noexcept {
        RINGCAST_ASSERT(find(id) != nullptr);
        Entry& entry = entries_[id.index];
        std::destroy_at(&entry.value);
        std::construct_at(&entry.value);
        live_[id.index / word_bits] &= ~bit(id.index);
        free_.push_back(id.index); // within its reserve
    }

    /// Visits the live entries in order of their index; `visit(Id, Value&)` may erase the visited.
    /// Costs next to nothing for entries that are not live.
    template <typename Visit>
    void for_each(Visit visit) {
        for (std::uint32_t word = 0; word < live_.size(); ++word) {
            for (std::uint64_t left = live_[word]; left != 0; left &= left - 1) {
                const std::uint32_t index =
                    word * word_bits + static_cast<std::uint32_t>(std::countr_zero(left));
                visit(Id{index, entries_[index].generation}, entries_[index].value);
            }
        }
    }

private:
    struct Entry {
        std::uint32_t generation = 0;
        Value value{};
    };
    static constexpr std::uint32_t word_bits = 64;

    [[nodiscard]] bool is_live(std::uint32_t index) const noexcept {
        return (live_[index / word_bits] & bit(index)) != 0;
    }
    [[nodiscard]] static constexpr std::uint64_t bit(std::uint32_t index) noexcept {
        return std::uint64_t{1} << index % word_bits;
    }

    std::vector<Entry> entries_;
    std::vector<std::uint64_t> live_; ///< a bit for each entry
    std::vector<std::uint32_t> free_; ///< a stack: the warmest entry is taken first
};

} // namespace ringcast::container
