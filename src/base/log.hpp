#pragma once
// Logging interface of every module. The application installs a sink that never blocks; without a
// sink, warnings and errors go to standard error.

#include <string_view>

#include <fmt/core.h>

namespace ringcast {

enum class LogLevel { debug, info, warning, error };

/// One finished line, without a line end. Valid during the call of the sink.
struct LogLine {
    LogLevel level = LogLevel::info;
    std::string_view text;    ///< all of it; begins with "stream NAME: " if it is about a stream
    std::string_view stream;  ///< the stream that it is about; empty: none
    std::string_view message; ///< `text` without that beginning
};

/// May be called from any thread.
using LogSink = void (*)(const LogLine& line) noexcept;

void set_log_sink(LogSink sink) noexcept;
void set_log_level(LogLevel lowest) noexcept;
[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Formats into a buffer on the stack; a line beyond 1000 bytes is cut. The text may come from a peer
/// or a program: control characters and invalid UTF-8 are replaced.
/// `stream`: empty, or the stream that the line is about.
void log_formatted(LogLevel level, std::string_view stream, fmt::string_view format,
                   fmt::format_args arguments) noexcept;

template <typename... Arguments>
void log(LogLevel level, fmt::format_string<Arguments...> format,
         Arguments&&... arguments) noexcept {
    if (log_enabled(level)) {
        log_formatted(level, {}, format, fmt::make_format_args(arguments...));
    }
}

/// A line about a stream.
template <typename... Arguments>
void log_stream(LogLevel level, std::string_view stream, fmt::format_string<Arguments...> format,
                Arguments&&... arguments) noexcept {
    if (log_enabled(level)) {
        log_formatted(level, stream, format, fmt::make_format_args(arguments...));
    }
}

} // namespace ringcast
