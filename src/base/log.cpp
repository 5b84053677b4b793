#include "base/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <span>

#include <fmt/format.h>

#include "base/printable.hpp"

namespace ringcast {

namespace {

constexpr std::size_t line_bytes_max = 1000;

void write_to_standard_error(const LogLine& line) noexcept {
    if (line.level >= LogLevel::warning) {
        std::fprintf(stderr, "ringcast: %.*s\n", static_cast<int>(line.text.size()),
                     line.text.data());
    }
}

std::atomic<LogSink> current_sink{&write_to_standard_error};
std::atomic<LogLevel> lowest_level{LogLevel::info};

} // namespace

void set_log_sink(LogSink sink) noexcept {
    current_sink.store(sink == nullptr ? &write_to_standard_error : sink);
}

void set_log_level(LogLevel lowest) noexcept {
    lowest_level.store(lowest);
}

bool log_enabled(LogLevel level) noexcept {
    return level >= lowest_level.load(std::memory_order_relaxed);
}

void log_formatted(LogLevel level, std::string_view stream, fmt::string_view format,
                   fmt::format_args arguments) noexcept {
    std::array<char, line_bytes_max> buffer{};
    std::span<char> rest(buffer);
    std::size_t prefix = 0;
    std::size_t length = 0;
    try {
        if (!stream.empty()) {
            prefix = fmt::format_to_n(rest.data(), rest.size(), "stream {}: ", stream).size;
            prefix = std::min(prefix, rest.size());
            rest = rest.subspan(prefix);
        }
        length = fmt::vformat_to_n(rest.data(), rest.size(), format, arguments).size;
        length = make_printable(rest.first(std::min(length, rest.size())));
    } catch (const std::exception&) {
        // Formats are checked when compiled; this is for allocation failure inside the library.
        constexpr std::string_view unprintable = "(a log line that could not be formatted)";
        return current_sink.load()({level, unprintable, {}, unprintable});
    }
    const std::string_view text(buffer.data(), prefix + length);
    current_sink.load()({level, text, stream, text.substr(prefix)});
}

} // namespace ringcast
