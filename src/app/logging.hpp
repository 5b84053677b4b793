#pragma once
// Writes log lines to standard error or to the journal, without ever waiting for a reader. Its source file is the
// only user of spdlog.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/log.hpp"
#include "config/config.hpp"

namespace ringcast::app {

struct LogStyle {
    config::LogFormat format = config::LogFormat::text;
    /// Of text: the journal adds the time itself and takes the level from a "<N>" in front.
    bool for_journal = false;
    bool colour = false; ///< of text
};

/// As configured, or else for the journal when $JOURNAL_STREAM identifies `fd`, and as text
/// otherwise. Text is for the journal too in that case; it is in colour on a terminal.
[[nodiscard]] LogStyle log_style_of(int fd, std::optional<config::LogFormat> format);

/// Sends all log lines from now on to `fd`, which stays open as long as lines are logged; or to the
/// journal, if the style says so and there is one. To be called before other threads start.
void start_logging(int fd, LogStyle style, LogLevel lowest);

/// Writes a message that is no log line, such as the start message, to `fd`. A reader that does not
/// read delays it by 100 ms at most; the rest of the message is then dropped, and counts as a
/// dropped line.
void write_message(int fd, std::string_view text) noexcept;

/// Number of lines dropped because the reader was too slow. The next line that is written reports
/// it.
[[nodiscard]] std::uint64_t log_lines_dropped() noexcept;

} // namespace ringcast::app
