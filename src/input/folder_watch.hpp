#pragma once
// Watches a folder for completed files: written and closed, or moved in. Files that an editor or a
// camera is still writing are not reported.

#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace ringcast::input {

class FolderWatch {
public:
    struct News {
        /// Name of the last file that was completed, among the wanted ones.
        std::string completed;
        /// Events were lost, or the folder was deleted: the watch has ended.
        bool over = false;
    };

    /// Without a watch (the folder is missing, or a system limit is reached) changes are noticed
    /// later.
    void begin(const std::string& folder) noexcept;
    /// Readable when files have been completed; -1 without a watch.
    [[nodiscard]] int descriptor() const noexcept { return inotify_.get(); }

    /// Events since the last call. `wanted(std::string_view name)` selects the names.
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
    /// False when no other event is available now. Sets `over`, and never resets it.
    [[nodiscard]] bool next_event(std::string_view& name, bool& over) noexcept;

    static constexpr std::size_t buffer_bytes = 4096;

    UniqueFd inotify_;
    alignas(8) char buffer_[buffer_bytes]{}; // NOLINT: inotify's layout is C's
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace ringcast::input
