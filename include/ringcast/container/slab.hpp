#pragma once
// A fixed table whose entries are named by handles with a generation: what a handle finds is always
// what it was given for. Allocates once, at construction. Addresses are stable.

#include <cstdint>
#include <memory>
#include <vector>

#include "ringcast/base/assert.hpp"
#include "ringcast/base/strong_id.hpp"

namespace ringcast::container {

template <typename Value>
class Slab {
public:
    using Id = Handle<Value>;

    explicit Slab(std::uint32_t capacity) : entries_(capacity) {
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
        RINGCAST_ASSERT(!entry.live);
        entry.live = true;
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
        return entry.live && entry.generation == id.generation ? &entry.value : nullptr;
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
        entry.live = false;
        free_.push_back(id.index); // within its reserve
    }

    /// Visits the live entries in order of their index; `visit(Id, Value&)` may erase the visited.
    template <typename Visit>
    void for_each(Visit visit) {
        for (std::uint32_t i = 0; i < capacity(); ++i) {
            if (entries_[i].live) {
                visit(Id{i, entries_[i].generation}, entries_[i].value);
            }
        }
    }

private:
    struct Entry {
        std::uint32_t generation = 0;
        bool live = false;
        Value value{};
    };

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_; ///< a stack: the warmest entry is taken first
};

} // namespace ringcast::container
