#pragma once
// Whether zero-copy sends work here as ringcast uses them, found out by sending once.

#include "base/result.hpp"

namespace ringcast::uring {

/// IORING_SEND_ZC_REPORT_USAGE of Linux 6.2 (and late 6.1), which liburing 2.3's header lacks: the
/// notification says whether the kernel copied after all.
inline constexpr unsigned short send_report_usage = 1U << 3U;

/// Sends a page from a fixed buffer over a loopback TCP connection, through a ring of its own, and
/// waits for both answers. The error says what is missing.
[[nodiscard]] Result<void> try_zero_copy();

} // namespace ringcast::uring
