#include "app/limits.hpp"

#include <algorithm>
#include <climits>
#include <variant>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include "base/unique_fd.hpp"
#include "relay/settings.hpp"

namespace ringcast::app {

namespace {

/// Standard streams, engine, signals, libraries.
constexpr std::uint64_t files_of_process = 32;
/// A name or ":PORT" listens in both families.
constexpr std::uint64_t files_per_address = 2;
/// Pipes, pidfd, eventfd, a file and its folder; and those of a program that is started anew.
constexpr std::uint64_t files_per_stream = 8;
/// Nodes of a camera and its image processor, and several for each buffer.
constexpr std::uint64_t files_per_camera = 64;
/// With fewer connections there is no room for all three kinds.
constexpr std::uint64_t connections_min = 8;

/// What is open without any connection.
std::uint64_t files_before_connections(const OpenFileNeeds& needs) {
    return files_of_process + files_per_address * needs.addresses +
           files_per_stream * needs.streams + files_per_camera * needs.cameras;
}

/// As many as are wanted without a limit on open files.
ConnectionLimits connections_wanted(const OpenFileNeeds& needs) {
    const relay::RelaySettings defaults(http::Boundary(0, 0), {});
    return {needs.viewers_max, defaults.connections_extra, defaults.accepts_max};
}

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

std::uint64_t open_files_limit() noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

OpenFileNeeds open_file_needs(const config::Config& config) {
    const auto cameras = std::ranges::count_if(config.streams, [](const auto& stream) {
        return std::holds_alternative<config::LibcameraConfig>(stream.source);
    });
    return {.viewers_max = config.viewers.max,
            .addresses = config.http.listen.size(),
            .streams = std::max<std::size_t>(config.streams.size(), 1),
            .cameras = static_cast<std::size_t>(cameras)};
}

ConnectionLimits connection_limits(const OpenFileNeeds& needs, std::uint64_t limit) {
    ConnectionLimits limits = connections_wanted(needs);
    const std::uint64_t others = files_before_connections(needs);
    const std::uint64_t available = limit > others ? limit - others : 0;
    if (available < connections_min) {
        return {};
    }
    // At least half of a small number is for viewers.
    const auto quarter =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(available / 4, INT_MAX));
    limits.connections_extra = std::min(limits.connections_extra, quarter);
    limits.accepts_max = std::min(limits.accepts_max, quarter);
    const std::uint64_t left = available - limits.connections_extra - limits.accepts_max;
    limits.viewers_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(limits.viewers_max, left));
    return limits;
}

std::uint64_t open_files_needed(const OpenFileNeeds& needs) {
    const ConnectionLimits wanted = connections_wanted(needs);
    return files_before_connections(needs) + wanted.viewers_max + wanted.connections_extra +
           wanted.accepts_max;
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

std::optional<std::string> open_files_warning(const OpenFileNeeds& needs, std::uint64_t limit) {
    const std::uint32_t viewers_max = connection_limits(needs, limit).viewers_max;
    if (viewers_max >= needs.viewers_max) {
        return std::nullopt;
    }
    return fmt::format("the limit of {0} open files is enough for {1} viewers, and no more are "
                       "admitted, although viewers.max = {2}: raise the limit to {3} "
                       "(LimitNOFILE={3} in a unit, `ulimit -n {3}` as root in a shell) or lower "
                       "viewers.max",
                       limit, viewers_max, needs.viewers_max, open_files_needed(needs));
}

} // namespace ringcast::app
