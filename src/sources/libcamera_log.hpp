#pragma once
// libcamera's own log, as lines of ours: what it prints would mix with them, and block where
// standard error blocks.

namespace ringcast::sources {

/// Before anything else of libcamera is used. Its errors become warnings, everything else is for
/// debugging.
void take_libcamera_log();

} // namespace ringcast::sources
