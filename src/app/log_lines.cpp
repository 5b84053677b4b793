#include "app/log_lines.hpp"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "config/keys.hpp"

namespace ringcast::app {

std::string log_json(const LogLine& line, WallTime now) {
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(milliseconds);
    nlohmann::ordered_json json;
    json["time"] =
        fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds.time_since_epoch().count()),
                    (milliseconds - seconds).count());
    json["level"] = config::log_level_name(line.level);
    if (!line.stream.empty()) {
        json["stream"] = line.stream;
    }
    json["message"] = line.message;
    return json.dump().append("\n");
}

std::string journal_fields(const LogLine& line) {
    // A value with a line end would need another form. base/log replaces them.
    RINGCAST_ASSERT(line.text.find('\n') == std::string_view::npos);
    std::string fields = fmt::format("MESSAGE={}\nPRIORITY={}\nSYSLOG_IDENTIFIER=ringcast\n",
                                     line.text, journal_priority(line.level));
    if (!line.stream.empty()) {
        fields.append(fmt::format("RINGCAST_STREAM={}\n", line.stream));
    }
    return fields;
}

char journal_priority(LogLevel level) noexcept {
    switch (level) {
    case LogLevel::debug:
        return '7';
    case LogLevel::info:
        return '6';
    case LogLevel::warning:
        return '4';
    case LogLevel::error:
        return '3';
    }
    return '3';
}

} // namespace ringcast::app
