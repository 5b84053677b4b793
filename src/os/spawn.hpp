#pragma once
// Starts a program in a child process that inherits as little as possible. Does not know what the
// program is for, and does not wait for its end.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>
#include <tl/expected.hpp>

#include "base/unique_fd.hpp"

namespace ringcast::os {

/// Soft limits of a process. A limit without a value is inherited.
struct SoftLimits {
    std::optional<std::uint64_t> open_files;
    std::optional<std::uint64_t> locked_memory; ///< bytes
};

/// The limits of this process.
[[nodiscard]] SoftLimits soft_limits() noexcept;

struct SpawnOptions {
    int output = -1; ///< becomes the program's standard output
    int error = -1;  ///< and its standard error
    SoftLimits limits;
};

struct Child {
    pid_t pid = 0; ///< also the id of its process group
    UniqueFd pidfd;
};

/// Starts the program `command[0]`, searched for in PATH, with the arguments behind it. It reads
/// /dev/null, inherits no other descriptor, has default signals, none of them blocked, and leads a
/// process group of its own. It is killed when the calling thread ends, however that happens, so
/// that no program outlives a killed server (not if the program changes its user or has file
/// capabilities: the kernel then drops the death signal).
///
/// Blocks until the program has been loaded, about a millisecond. The error is an errno.
[[nodiscard]] tl::expected<Child, int> spawn(const std::vector<std::string>& command,
                                             const SpawnOptions& options);

} // namespace ringcast::os
