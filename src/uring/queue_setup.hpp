#pragma once
// Creates an io_uring with the flags and queue sizes that the engine needs, and checks that the
// kernel supports every operation that it submits.

#include "base/result.hpp"
#include "uring/uring_engine.hpp"

struct io_uring; // NOLINT(readability-identifier-naming): liburing's name

namespace ringcast::uring {

/// The smallest completion queue that is tried.
inline constexpr unsigned cq_entries_min = 8;

/// Tries smaller queues where memory is short. The caller closes `ring` when it has been opened.
[[nodiscard]] Result<void> open_queues(io_uring& ring, UringSettings settings);

/// Fails unless the kernel supports every operation of io::Engine.
[[nodiscard]] Result<void> check_operations(io_uring& ring);

} // namespace ringcast::uring
