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
#include <utility>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/log_lines.hpp"
#include "app/shared_output.hpp"
#include "base/immovable.hpp"
#include "os/clock.hpp"
#include "os/datagram_socket.hpp"

namespace ringcast::app {

namespace {

// base/log cuts lines at 1000 bytes. With time and level, and with a backslash before each byte in
// JSON, the whole is one piece for a pipe.
constexpr std::size_t line_bytes_max = 1000;
constexpr std::size_t decoration_bytes_max = 256;
static_assert(2 * line_bytes_max + decoration_bytes_max <= SharedOutput::piece_bytes_max);

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

std::string_view colour(spdlog::level::level_enum level) noexcept {
    if (level >= spdlog::level::err) {
        return "\033[31m";
    }
    return level == spdlog::level::warn ? "\033[33m" : "\033[32m";
}

/// Where lines go, and how they look there. Called by one thread at a time.
class LineWriter : private Immovable {
public:
    virtual ~LineWriter() = default;
    /// Returns false if nothing of the line was written, because its reader does not read.
    [[nodiscard]] virtual bool write(const LogLine& line) = 0;
};

class TextWriter final : public LineWriter {
public:
    TextWriter(int fd, LogStyle style)
        : output_(fd), style_(style),
          formatter_(style.for_journal ? "%v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v") {}

    [[nodiscard]] bool write(const LogLine& line) override {
        spdlog::memory_buf_t text;
        if (style_.for_journal) {
            text.append(std::array{'<', journal_priority(line.level), '>'});
        }
        append_formatted(text, line);
        // A terminal may take only a part of a line; losing the rest is better than waiting.
        return output_.write({text.data(), text.size()}, Duration::zero()) > 0;
    }

private:
    void append_formatted(spdlog::memory_buf_t& text, const LogLine& line) {
        const spdlog::details::log_msg message(
            spdlog::string_view_t(), spdlog_level(line.level),
            spdlog::string_view_t(line.text.data(), line.text.size()));
        spdlog::memory_buf_t formatted;
        formatter_.format(message, formatted);
        const auto append_part = [&](std::size_t begin, std::size_t end) {
            text.append(formatted.data() + begin, formatted.data() + end);
        };
        if (!style_.colour || message.color_range_end <= message.color_range_start) {
            append_part(0, formatted.size());
            return;
        }
        append_part(0, message.color_range_start);
        text.append(colour(message.level));
        append_part(message.color_range_start, message.color_range_end);
        text.append(std::string_view("\033[0m"));
        append_part(message.color_range_end, formatted.size());
    }

    SharedOutput output_;
    LogStyle style_;
    spdlog::pattern_formatter formatter_;
};

class JsonWriter final : public LineWriter {
public:
    explicit JsonWriter(int fd) : output_(fd) {}
    [[nodiscard]] bool write(const LogLine& line) override {
        return output_.write(log_json(line, os::wall_now()), Duration::zero()) > 0;
    }

private:
    SharedOutput output_;
};

class JournalWriter final : public LineWriter {
public:
    explicit JournalWriter(os::DatagramSocket socket) : socket_(std::move(socket)) {}
    [[nodiscard]] bool write(const LogLine& line) override {
        return socket_.send(journal_fields(line));
    }

private:
    os::DatagramSocket socket_;
};

/// The writer, and what it could not write.
class Log : private Immovable {
public:
    explicit Log(std::unique_ptr<LineWriter> writer) : writer_(std::move(writer)) {}

    void write(const LogLine& line) {
        const std::lock_guard lock(mutex_);
        const std::uint64_t lost = lines_dropped.load(std::memory_order_relaxed) - lost_reported_;
        if (lost > 0) {
            const std::string report =
                fmt::format("{} log lines were lost because the log was not read", lost);
            if (writer_->write({LogLevel::warning, report, {}, report})) {
                lost_reported_ += lost;
            }
        }
        if (!writer_->write(line)) {
            lines_dropped.fetch_add(1, std::memory_order_relaxed);
        }
    }

private:
    std::mutex mutex_;
    std::unique_ptr<LineWriter> writer_;
    std::uint64_t lost_reported_ = log_lines_dropped();
};

/// Replaced only before other threads start, as start_logging requires.
std::unique_ptr<Log> current_log;

void write_line(const LogLine& line) noexcept {
    try {
        current_log->write(line);
    } catch (const std::exception&) {
        lines_dropped.fetch_add(1, std::memory_order_relaxed);
    }
}

std::unique_ptr<LineWriter> make_writer(int fd, const LogStyle& style) {
    switch (style.format) {
    case config::LogFormat::text:
        break;
    case config::LogFormat::json:
        return std::make_unique<JsonWriter>(fd);
    case config::LogFormat::journal:
        if (auto socket = os::DatagramSocket::open(journal_socket_path)) {
            return std::make_unique<JournalWriter>(std::move(*socket));
        }
        break;
    }
    return std::make_unique<TextWriter>(fd, style);
}

} // namespace

LogStyle log_style_of(int fd, std::optional<config::LogFormat> format) {
    struct stat status{};
    const char* journal = std::getenv("JOURNAL_STREAM");
    LogStyle style;
    // Standard error may have been redirected since systemd set the variable.
    style.for_journal = journal != nullptr && ::fstat(fd, &status) == 0 &&
                        fmt::format("{}:{}", status.st_dev, status.st_ino) == journal;
    style.colour = ::isatty(fd) == 1;
    style.format =
        format.value_or(style.for_journal ? config::LogFormat::journal : config::LogFormat::text);
    return style;
}

void start_logging(int fd, LogStyle style, LogLevel lowest) {
    set_log_sink(nullptr);
    current_log = std::make_unique<Log>(make_writer(fd, style));
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
