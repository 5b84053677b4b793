#pragma once
// A table of fixed capacity whose entries are referred to by handles with a generation: a handle to
// an erased entry is never mistaken for a handle to the entry's next use. Allocates once, at
// construction. Addresses of values are stable.

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

    /// Allocates an entry; its value is default-constructed. The slab must not be full.
    [[nodiscard]] Id insert() noexcept {
        RINGCAST_ASSERT(!full());
        const std::uint32_t index = free_.back();
        free_.pop_back();
        Entry& entry = entries_[index];
        RINGCAST_ASSERT(!is_live(index));
        live_[index / word_bits] |= bit(index);
        ++entry.generation;
        if (entry.generation == 0) { // wrapped; generation 0 is reserved for invalid handles
            entry.generation = 1;
        }
        return {index, entry.generation};
    }

    /// Null when the entry has been erased, or `id` is out of range.
    [[nodiscard]] Value* find(Id id) noexcept {
        if (id.index >= entries_.size()) {
            return nullptr;
        }
        Entry& entry = entries_[id.index];
        return is_live(id.index) && entry.generation == id.generation ? &entry.value : nullptr;
    }

    /// The value of `id`, which must be live.
    [[nodiscard]] Value& get(Id id) noexcept {
        Value* value = find(id);
        RINGCAST_ASSERT(value != nullptr);
        return *value;
    }

    /// Frees the entry and resets its value to a default-constructed one.
    void erase(Id id) noexcept {
        RINGCAST_ASSERT(find(id) != nullptr);
        Entry& entry = entries_[id.index];
        std::destroy_at(&entry.value);
        std::construct_at(&entry.value);
        live_[id.index / word_bits] &= ~bit(id.index);
        free_.push_back(id.index); // never exceeds the capacity reserved in the constructor
    }

    /// Calls `visit(Id, Value&)` for each live entry in order of index; it may erase that entry.
    /// Free entries are skipped 64 at a time.
    template <typename Visit>
    void for_each(Visit visit) {
        walk(*this, 0, visit_all(visit));
    }
    template <typename Visit>
    void for_each(Visit visit) const {
        walk(*this, 0, visit_all(visit));
    }
    /// The same from index `first` on, which may be out of range, while `visit` returns true.
    template <typename Visit>
    void for_each_from(std::uint32_t first, Visit visit) {
        walk(*this, first, visit);
    }

private:
    struct Entry {
        std::uint32_t generation = 0;
        Value value{};
    };
    static constexpr std::uint32_t word_bits = 64;

    template <typename Visit>
    [[nodiscard]] static auto visit_all(Visit& visit) {
        return [&visit](Id id, auto& value) {
            visit(id, value);
            return true;
        };
    }

    /// `slab` is const or not, and so are the values that `visit` gets, until it returns false.
    template <typename Self, typename Visit>
    static void walk(Self& slab, std::uint32_t first, Visit visit) {
        std::uint64_t mask = ~std::uint64_t{0} << first % word_bits;
        for (std::uint32_t word = first / word_bits; word < slab.live_.size(); ++word) {
            for (std::uint64_t left = slab.live_[word] & mask; left != 0; left &= left - 1) {
                const std::uint32_t index =
                    word * word_bits + static_cast<std::uint32_t>(std::countr_zero(left));
                auto& entry = slab.entries_[index];
                if (!visit(Id{index, entry.generation}, entry.value)) {
                    return;
                }
            }
            mask = ~std::uint64_t{0};
        }
    }

    [[nodiscard]] bool is_live(std::uint32_t index) const noexcept {
        return (live_[index / word_bits] & bit(index)) != 0;
    }
    [[nodiscard]] static constexpr std::uint64_t bit(std::uint32_t index) noexcept {
        return std::uint64_t{1} << index % word_bits;
    }

    std::vector<Entry> entries_;
    std::vector<std::uint64_t> live_; ///< one bit per entry
    std::vector<std::uint32_t> free_; ///< a stack: the most recently freed entry is reused first
};

} // namespace ringcast::container
