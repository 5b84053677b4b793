#pragma once
// Finds out by one send whether zero-copy sends work on this kernel in the way that ringcast uses
// them.

#include <chrono>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ringcast::uring {

/// IORING_SEND_ZC_REPORT_USAGE of Linux 6.2 (and late 6.1), which liburing 2.3's header lacks: the
/// notification says whether the kernel copied the data after all.
inline constexpr unsigned short send_report_usage = 1U << 3U;

/// Connecting and sending over loopback take less than a millisecond where nothing drops packets.
inline constexpr Duration zero_copy_probe_time_max = std::chrono::milliseconds(200);

/// Sends a page from a fixed buffer over a loopback TCP connection, through a ring of its own, and
/// waits for both completions, at most for the time above. The error says which step failed.
[[nodiscard]] Result<void> try_zero_copy();

} // namespace ringcast::uring
