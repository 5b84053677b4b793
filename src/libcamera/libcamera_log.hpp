#pragma once
// Redirects libcamera's log into ours. Otherwise its output would be interleaved with our lines,
// and block if standard error blocks.

#include <iosfwd>

namespace ringcast::capture {

/// Logs each line that is written to it: errors as warnings, everything else at level debug. Exists
/// until the process exits, because libcamera's threads may write until then.
[[nodiscard]] std::ostream& libcamera_log();

/// Must be called before anything else of libcamera is used.
void take_libcamera_log();

} // namespace ringcast::capture
