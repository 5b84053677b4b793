#include "base/log.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <iterator>

#include <fmt/format.h>

#include "base/printable.hpp"

namespace ringcast {

namespace {

constexpr std::size_t line_bytes_max = 1000;

void write_to_standard_error(LogLevel level, std::string_view line) noexcept {
    if (level >= LogLevel::warning) {
        std::fprintf(stderr, "ringcast: %.*s\n", static_cast<int>(line.size()), line.data());
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

void log_formatted(LogLevel level, fmt::string_view format, fmt::format_args arguments) noexcept {
    std::array<char, line_bytes_max> line{};
    std::size_t length = 0;
    try {
        const auto end = fmt::vformat_to_n(line.data(), line.size(), format, arguments);
        length = end.size < line.size() ? end.size : line.size();
    } catch (const std::exception&) {
        // Formats are checked when compiled; this is for allocation failure inside the library.
        constexpr std::string_view unprintable = "(a log line that could not be formatted)";
        current_sink.load()(level, unprintable);
        return;
    }
    length = make_printable({line.data(), length});
    current_sink.load()(level, std::string_view(line.data(), length));
}

} // namespace ringcast
