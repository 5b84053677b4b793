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

/// What is to be warned about: nothing when `limit` open files suffice for `viewers_max` viewers
/// and everything else that `stream_count` streams keep open.
[[nodiscard]] std::optional<std::string>
open_files_warning(std::uint64_t limit, std::uint32_t viewers_max, std::size_t stream_count);

} // namespace ringcast::app
