#pragma once
// Log lines for programs: as JSON, and as fields of systemd's journal.

#include <string>

#include "base/log.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// One line with a line end: an object with "time" (RFC 3339, UTC), "level", "stream" (if the line is
/// about one) and "message".
[[nodiscard]] std::string log_json(const LogLine& line, WallTime now);

/// Where the journal takes messages (systemd, "Native Journal Protocol").
inline constexpr const char* journal_socket_path = "/run/systemd/journal/socket";
/// One message for the journal: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, and RINGCAST_STREAM if the line
/// is about a stream.
[[nodiscard]] std::string journal_fields(const LogLine& line);
/// The priority of syslog as a digit.
[[nodiscard]] char journal_priority(LogLevel level) noexcept;

} // namespace ringcast::app
