#pragma once
// libcamera's own log, as lines of ours: what it prints would mix with them, and block where
// standard error blocks.

#include <iosfwd>

namespace ringcast::capture {

/// What is written to it becomes our log: errors become warnings, everything else is for debugging.
/// For as long as the process lives, because libcamera's threads may write until the very end.
[[nodiscard]] std::ostream& libcamera_log();

/// Before anything else of libcamera is used.
void take_libcamera_log();

} // namespace ringcast::capture
