#pragma once
// What the system allows this process. Raised as far as an ordinary user may, and checked against
// what the configuration asks for.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ringcast::app {

/// Raises the soft limit on open files to the hard one, and gives back what holds now.
[[nodiscard]] std::uint64_t raise_open_files_limit() noexcept;
/// The same for locked memory, bytes, which registered frames are charged to.
[[nodiscard]] std::uint64_t raise_locked_memory_limit() noexcept;

/// How many files may be open at once: a connection for each of `viewers_max` viewers, and
/// everything else that `stream_count` streams keep open.
[[nodiscard]] std::uint64_t open_files_needed(std::uint32_t viewers_max, std::size_t stream_count);

/// Makes the kernel's table of open files so large, `limit` at most. Best before the first thread:
/// where several threads share the table the kernel waits for all processors each time that it
/// grows, and a burst of 300 viewers stood still for 10 to 20 ms (measured on Linux 6.18).
void reserve_open_files(std::uint64_t count, std::uint64_t limit) noexcept;

/// What is to be warned about: nothing when `limit` open files suffice.
[[nodiscard]] std::optional<std::string>
open_files_warning(std::uint64_t limit, std::uint32_t viewers_max, std::size_t stream_count);

} // namespace ringcast::app
