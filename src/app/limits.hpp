#pragma once
// Resource limits of this process: raised as far as an unprivileged user may, and compared with
// what the configuration needs.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ringcast::app {

/// Raises the soft limit on open files to the hard one. Returns the limit that is in force.
[[nodiscard]] std::uint64_t raise_open_files_limit() noexcept;
/// The same for locked memory, bytes, which registered frames are charged to.
[[nodiscard]] std::uint64_t raise_locked_memory_limit() noexcept;
/// The soft limit on locked memory, bytes, unchanged.
[[nodiscard]] std::uint64_t locked_memory_limit() noexcept;

/// Files that may be open at once: a connection for each of `viewers_max` viewers, and everything
/// that the process and `stream_count` streams keep open.
[[nodiscard]] std::uint64_t open_files_needed(std::uint32_t viewers_max, std::size_t stream_count);

/// Grows the kernel's table of open files to `count` entries, `limit` at most. Best before the
/// first thread: while several threads share the table, the kernel waits for all processors
/// whenever it grows, which held up a burst of 300 viewers for 10 to 20 ms (measured on Linux
/// 6.18).
void reserve_open_files(std::uint64_t count, std::uint64_t limit) noexcept;

/// A warning, or nothing when `limit` open files suffice.
[[nodiscard]] std::optional<std::string>
open_files_warning(std::uint64_t limit, std::uint32_t viewers_max, std::size_t stream_count);

} // namespace ringcast::app
