#pragma once
// Resource limits of this process: raised as far as an unprivileged user may, and compared with
// what the configuration needs.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace ringcast::app {

/// Raises the soft limit on open files to the hard one. Returns the limit that is in force.
[[nodiscard]] std::uint64_t raise_open_files_limit() noexcept;
/// The same for locked memory, bytes, which registered frames are charged to.
[[nodiscard]] std::uint64_t raise_locked_memory_limit() noexcept;
/// The soft limit on locked memory, bytes, unchanged.
[[nodiscard]] std::uint64_t locked_memory_limit() noexcept;

/// The soft limit on open files, unchanged.
[[nodiscard]] std::uint64_t open_files_limit() noexcept;

/// What a configuration keeps open, and how many viewers it wants.
struct OpenFileNeeds {
    std::uint32_t viewers_max = 0;
    std::size_t addresses = 1; ///< to listen on
    std::size_t streams = 1;
    std::size_t cameras = 0; ///< of the streams
};
[[nodiscard]] OpenFileNeeds open_file_needs(const config::Config& config);

/// Connections that may be open at once: three numbers of RelaySettings.
struct ConnectionLimits {
    std::uint32_t viewers_max = 0;
    std::uint32_t connections_extra = 0;
    std::uint32_t accepts_max = 0;
};
/// The connections for which `limit` open files suffice, at most those that are wanted. The process,
/// its listeners and its sources are counted first, then the connections that are kept for status,
/// metrics and health. `viewers_max` is 0 when not one viewer is possible.
[[nodiscard]] ConnectionLimits connection_limits(const OpenFileNeeds& needs, std::uint64_t limit);

/// Files that may be open at once with all connections that are wanted.
[[nodiscard]] std::uint64_t open_files_needed(const OpenFileNeeds& needs);

/// Grows the kernel's table of open files to `count` entries, `limit` at most. Best before the
/// first thread: while several threads share the table, the kernel waits for all processors
/// whenever it grows, which held up a burst of 300 viewers for 10 to 20 ms (measured on Linux
/// 6.18).
void reserve_open_files(std::uint64_t count, std::uint64_t limit) noexcept;

/// A warning, or nothing when `limit` open files suffice.
[[nodiscard]] std::optional<std::string> open_files_warning(const OpenFileNeeds& needs,
                                                            std::uint64_t limit);

} // namespace ringcast::app
