#pragma once
// Where log lines go: standard error, without ever waiting for its reader. Its source file is the
// only user of spdlog.

#include <cstdint>

#include "base/log.hpp"

namespace ringcast::app {

struct LogStyle {
    /// The journal stamps lines itself and takes their level from a "<N>" in front.
    bool for_journal = false;
    bool colour = false;
};

/// For the journal when $JOURNAL_STREAM names what `fd` is; in colour on a terminal.
[[nodiscard]] LogStyle log_style_of(int fd);

/// Sends everything that is logged from now on to `fd`, which must outlive the last line. Call it
/// before there are other threads.
void start_logging(int fd, LogStyle style, LogLevel lowest);

/// Lines that found no room because nobody read them. The next line that gets through says how
/// many.
[[nodiscard]] std::uint64_t log_lines_dropped() noexcept;

} // namespace ringcast::app
