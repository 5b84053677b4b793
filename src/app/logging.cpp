#include "app/logging.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/shared_output.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

// base/log cuts lines at 1000 bytes. With time, level and the report of lost lines the whole is one
// piece for a pipe.
constexpr std::size_t line_bytes_max = 1000;
constexpr std::size_t decoration_bytes_max = 256;
static_assert(line_bytes_max + decoration_bytes_max <= SharedOutput::piece_bytes_max);

std::atomic<std::uint64_t> lines_dropped{0};

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
    switch (level) {
    case LogLevel::debug:
        return spdlog::level::debug;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::warning:
        return spdlog::level::warn;
    case LogLevel::error:
        return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// Priorities of syslog, which the journal reads.
char priority(spdlog::level::level_enum level) noexcept {
    if (level >= spdlog::level::err) {
        return '3';
    }
    if (level == spdlog::level::warn) {
        return '4';
    }
    return level == spdlog::level::info ? '6' : '7';
}

std::string_view colour(spdlog::level::level_enum level) noexcept {
    if (level >= spdlog::level::err) {
        return "\033[31m";
    }
    return level == spdlog::level::warn ? "\033[33m" : "\033[32m";
}

class NeverWaitingSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    NeverWaitingSink(int fd, LogStyle style)
        : base_sink(std::make_unique<spdlog::pattern_formatter>(
              style.for_journal ? "%v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v")),
          output_(fd), style_(style) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        const std::uint64_t lost = lines_dropped.load(std::memory_order_relaxed) - lost_reported_;
        if (lost > 0) {
            append(line, fmt::format("{} log lines were lost because the log was not read", lost),
                   spdlog::level::warn);
        }
        append_formatted(line, message);
        // A terminal may take only a part of a line; losing the rest is better than waiting.
        if (output_.write({line.data(), line.size()}, Duration::zero()) > 0) {
            lost_reported_ += lost;
        } else {
            lines_dropped.fetch_add(1, std::memory_order_relaxed);
        }
    }

    void flush_() override {} // nothing is buffered

private:
    void append(spdlog::memory_buf_t& line, std::string_view text,
                spdlog::level::level_enum level) {
        append_formatted(line,
                         spdlog::details::log_msg(spdlog::string_view_t(), level,
                                                  spdlog::string_view_t(text.data(), text.size())));
    }

    void append_formatted(spdlog::memory_buf_t& line, const spdlog::details::log_msg& message) {
        spdlog::memory_buf_t formatted;
        formatter_->format(message, formatted);
        const auto append_part = [&](std::size_t begin, std::size_t end) {
            line.append(formatted.data() + begin, formatted.data() + end);
        };
        if (style_.for_journal) {
            line.append(std::array{'<', priority(message.level), '>'});
        }
        if (!style_.colour || message.color_range_end <= message.color_range_start) {
            append_part(0, formatted.size());
            return;
        }
        append_part(0, message.color_range_start);
        line.append(colour(message.level));
        append_part(message.color_range_start, message.color_range_end);
        line.append(std::string_view("\033[0m"));
        append_part(message.color_range_end, formatted.size());
    }

    SharedOutput output_;
    LogStyle style_;
    std::uint64_t lost_reported_ = log_lines_dropped();
};

/// Replaced only before other threads start, as start_logging requires.
std::unique_ptr<NeverWaitingSink> sink;

void write_line(LogLevel level, std::string_view text) noexcept {
    try {
        sink->log(spdlog::details::log_msg(spdlog::string_view_t(), spdlog_level(level),
                                           spdlog::string_view_t(text.data(), text.size())));
    } catch (const std::exception&) {
        lines_dropped.fetch_add(1, std::memory_order_relaxed);
    }
}

} // namespace

LogStyle log_style_of(int fd) {
    struct stat status{};
    const char* journal = std::getenv("JOURNAL_STREAM");
    // Standard error may have been redirected since systemd set the variable.
    const bool for_journal = journal != nullptr && ::fstat(fd, &status) == 0 &&
                             fmt::format("{}:{}", status.st_dev, status.st_ino) == journal;
    return {for_journal, ::isatty(fd) == 1};
}

void start_logging(int fd, LogStyle style, LogLevel lowest) {
    set_log_sink(nullptr);
    sink = std::make_unique<NeverWaitingSink>(fd, style);
    set_log_sink(&write_line);
    set_log_level(lowest);
}

void write_message(int fd, std::string_view text) noexcept {
    constexpr Duration patience = std::chrono::milliseconds(100);
    const Instant until = os::monotonic_now() + patience;
    SharedOutput output(fd);
    // Bounded: each turn writes at least a byte.
    while (!text.empty()) {
        const Duration left = std::max(until - os::monotonic_now(), Duration::zero());
        const std::size_t written = output.write(text, left);
        if (written == 0) {
            lines_dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        text.remove_prefix(written);
    }
}

std::uint64_t log_lines_dropped() noexcept {
    return lines_dropped.load(std::memory_order_relaxed);
}

} // namespace ringcast::app
