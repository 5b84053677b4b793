#pragma once
// A bounded table that forgets what was not renewed for longest. No clock.

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "base/time.hpp"

namespace ringcast::access {

template <typename Key, typename Value, std::size_t entries_max>
class RecentTable {
public:
    struct Entry {
        Value value;
        Instant at{}; ///< when it was set
    };

    /// Null if there is none.
    [[nodiscard]] const Entry* find(const Key& key) const noexcept {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &found->second;
    }

    /// Throws std::bad_alloc; there is no entry with this key then.
    void set(const Key& key, Value value, Instant now) {
        erase(key);
        while (by_time_.size() >= entries_max) {
            entries_.erase(by_time_.begin()->second);
            by_time_.erase(by_time_.begin());
        }
        const auto timed = by_time_.emplace(now, key);
        try {
            entries_.emplace(key, Entry{std::move(value), now});
        } catch (...) {
            by_time_.erase(timed);
            throw;
        }
    }

    void erase(const Key& key) noexcept {
        const auto found = entries_.find(key);
        if (found == entries_.end()) {
            return;
        }
        const auto [first, last] = by_time_.equal_range(found->second.at);
        by_time_.erase(
            std::find_if(first, last, [&key](const auto& entry) { return entry.second == key; }));
        entries_.erase(found);
    }

private:
    std::map<Key, Entry> entries_;
    std::multimap<Instant, Key> by_time_; ///< their keys
};

} // namespace ringcast::access
