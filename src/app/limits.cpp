#include "app/limits.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include "ringcast/relay/settings.hpp"

namespace ringcast::app {

namespace {

constexpr std::uint64_t files_of_process =
    32; // standard streams, ring, listeners, signals, libraries
constexpr std::uint64_t files_per_stream = 8; // pipes, pidfd, eventfd, a file and its folder

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

std::optional<std::string> open_files_warning(std::uint64_t limit, std::uint32_t viewers_max,
                                              std::size_t stream_count) {
    // Connections beyond the viewers: status, 503.
    const std::uint64_t files_for_answers =
        relay::RelaySettings(http::Boundary(0, 0)).connections_extra;
    const std::uint64_t reserve =
        files_of_process + files_for_answers + files_per_stream * stream_count;
    if (limit >= reserve + viewers_max) {
        return std::nullopt;
    }
    return fmt::format("the limit of {} open files is enough for {} viewers, not for viewers.max = "
                       "{}: raise it to {} (LimitNOFILE={} in a unit, `ulimit -n {}` as root in a "
                       "shell) or lower viewers.max",
                       limit, limit > reserve ? limit - reserve : 0, viewers_max,
                       reserve + viewers_max, reserve + viewers_max, reserve + viewers_max);
}

} // namespace ringcast::app
