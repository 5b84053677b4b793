#pragma once
// Sees when a file in a folder is complete: written and closed, or moved in. An editor's or a
// camera's half-written file makes no news.

#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace ringcast::input {

class FolderWatch {
public:
    struct News {
        /// The name of the file that was completed last, among those that were asked for.
        std::string completed;
        /// Events were lost, or the folder itself went: the watch is over and begins anew.
        bool over = false;
    };

    /// Without a watch (a missing folder, a limit of the system) nothing but promptness is lost.
    void begin(const std::string& folder) noexcept;
    /// Readable when there is news; -1 without a watch.
    [[nodiscard]] int descriptor() const noexcept { return inotify_.get(); }

    /// What has happened since. `wanted(std::string_view name)` says which names count.
    template <typename Wanted>
    [[nodiscard]] News take(Wanted wanted) {
        News news;
        std::string_view name;
        while (next_event(name, news.over)) {
            if (wanted(name)) {
                news.completed = name;
            }
        }
        if (news.over) {
            inotify_.reset();
        }
        return news;
    }

private:
    /// False when there is no other event now. `over` is only ever set.
    [[nodiscard]] bool next_event(std::string_view& name, bool& over) noexcept;

    static constexpr std::size_t buffer_bytes = 4096;

    UniqueFd inotify_;
    alignas(8) char buffer_[buffer_bytes]{}; // NOLINT: inotify's layout is C's
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace ringcast::input
