#include "app/shared_output.hpp"

#include <array>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringcast::app {

namespace {

/// Opens the same pipe or terminal again, because O_NONBLOCK on the inherited open file description
/// would affect every process that shares it. Files must keep the shared description (its offset);
/// they and sockets are polled before each write.
UniqueFd reopened_nonblocking(int fd) noexcept {
    struct stat status{};
    if (::fstat(fd, &status) != 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))) {
        return {};
    }
    std::array<char, 32> path{};
    *fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}", fd).out = '\0';
    return UniqueFd(::open(path.data(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

} // namespace

SharedOutput::SharedOutput(int fd) noexcept : fd_(fd), own_(reopened_nonblocking(fd)) {}

std::size_t SharedOutput::write(std::string_view text, Duration patience) noexcept {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    pollfd ready{own_.valid() ? own_.get() : fd_, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(milliseconds)) != 1 || (ready.revents & POLLOUT) == 0) {
        return 0;
    }
    const std::string_view piece = text.substr(0, piece_bytes_max);
    const ssize_t written = ::write(ready.fd, piece.data(), piece.size());
    return written > 0 ? static_cast<std::size_t>(written) : 0;
}

} // namespace ringcast::app
