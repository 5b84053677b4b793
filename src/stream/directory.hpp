#pragma once
// The streams that requests can name.

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "io/token.hpp"

namespace ringcast::stream {

struct DirectoryEntry {
    std::string name;
    io::StreamId id;
};

struct Directory {
    std::span<const DirectoryEntry> entries; ///< in the order of the configuration
    io::StreamId default_stream;             ///< is served at the root too; one of `entries`
    /// Whether whoever asks may know that a stream exists, by its name. Empty: all of them.
    std::function<bool(std::string_view name)> may_see{};

    [[nodiscard]] bool shows(const DirectoryEntry& entry) const {
        return !may_see || may_see(entry.name);
    }
    /// True if there is a stream to show.
    [[nodiscard]] bool shows_any() const {
        return std::ranges::any_of(entries,
                                   [this](const DirectoryEntry& entry) { return shows(entry); });
    }
    /// Nothing if it may not be seen.
    [[nodiscard]] std::optional<io::StreamId> find_default() const {
        const auto found = std::ranges::find(entries, default_stream, &DirectoryEntry::id);
        return found != entries.end() && shows(*found) ? std::optional(found->id) : std::nullopt;
    }
    /// Nothing if there is none, or it may not be seen.
    [[nodiscard]] std::optional<io::StreamId> find(std::string_view name) const {
        const auto found = std::ranges::find(entries, name, &DirectoryEntry::name);
        return found != entries.end() && shows(*found) ? std::optional(found->id) : std::nullopt;
    }
};

} // namespace ringcast::stream
