#include "input/folder_watch.hpp"

#include <cstdint>
#include <cstring>

#include <sys/inotify.h>
#include <unistd.h>

namespace ringcast::input {

void FolderWatch::begin(const std::string& folder) noexcept {
    begin_ = 0;
    end_ = 0;
    inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    constexpr std::uint32_t events =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (inotify_.valid() && inotify_add_watch(inotify_.get(), folder.c_str(), events) < 0) {
        inotify_.reset();
    }
}

bool FolderWatch::next_event(std::string_view& name, bool& over) noexcept {
    if (!inotify_.valid()) {
        return false;
    }
    if (begin_ == end_) {
        const ssize_t count = read(inotify_.get(), buffer_, sizeof buffer_);
        if (count <= 0) {
            return false;
        }
        begin_ = 0;
        end_ = static_cast<std::size_t>(count);
    }
    inotify_event event{};
    std::memcpy(&event, buffer_ + begin_, sizeof event);
    // The name is padded with zeros.
    const char* text = buffer_ + begin_ + sizeof event;
    name = event.len > 0 ? std::string_view(text, strnlen(text, event.len)) : std::string_view{};
    begin_ += sizeof event + event.len;
    over = over || (event.mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
    return true;
}

} // namespace ringcast::input
