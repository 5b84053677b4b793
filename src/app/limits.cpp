#include "app/limits.hpp"

#include <algorithm>
#include <climits>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include "base/unique_fd.hpp"
#include "relay/settings.hpp"

namespace ringcast::app {

namespace {

/// Standard streams, engine, listeners, signals, libraries.
constexpr std::uint64_t files_of_process = 32;
/// Pipes, pidfd, eventfd, a file and its folder.
constexpr std::uint64_t files_per_stream = 8;

std::uint64_t raise_to_hard_limit(decltype(RLIMIT_NOFILE) resource) noexcept {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur != limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(resource, &raised) == 0) {
            return raised.rlim_cur;
        }
    }
    return limit.rlim_cur;
}

} // namespace

std::uint64_t raise_open_files_limit() noexcept {
    return raise_to_hard_limit(RLIMIT_NOFILE);
}

std::uint64_t raise_locked_memory_limit() noexcept {
    return raise_to_hard_limit(RLIMIT_MEMLOCK);
}

std::uint64_t locked_memory_limit() noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? limit.rlim_cur : 0;
}

std::uint64_t open_files_needed(std::uint32_t viewers_max, std::size_t stream_count) {
    // Connections beyond the viewers: status, 503, and those that are ending.
    const relay::RelaySettings settings(http::Boundary(0, 0));
    const std::uint64_t files_for_answers = settings.connections_extra + settings.accepts_max;
    return viewers_max + files_of_process + files_for_answers + files_per_stream * stream_count;
}

void reserve_open_files(std::uint64_t count, std::uint64_t limit) noexcept {
    const std::uint64_t reserved = std::min<std::uint64_t>({count, limit, INT_MAX});
    const UniqueFd any(::open("/", O_PATH | O_CLOEXEC));
    if (!any.valid() || reserved == 0) {
        return;
    }
    // The table grows to hold the highest descriptor, and never shrinks.
    const UniqueFd last(::fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(reserved) - 1));
}

std::optional<std::string> open_files_warning(std::uint64_t limit, std::uint32_t viewers_max,
                                              std::size_t stream_count) {
    const std::uint64_t needed = open_files_needed(viewers_max, stream_count);
    if (limit >= needed) {
        return std::nullopt;
    }
    const std::uint64_t reserve = needed - viewers_max;
    return fmt::format("the limit of {0} open files is enough for {1} viewers, not for viewers.max "
                       "= {2}: raise it to {3} (LimitNOFILE={3} in a unit, `ulimit -n {3}` as root "
                       "in a shell) or lower viewers.max",
                       limit, limit > reserve ? limit - reserve : 0, viewers_max, needed);
}

} // namespace ringcast::app
