#include "app/top_text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "app/text_table.hpp"

namespace ringcast::app {

namespace {

using api::ListedStatus;
using api::ListedStream;
using api::ListedViewer;

constexpr std::string_view unknown = "-";

// --- words for numbers ---

double seconds_of(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// "12 ms", "1.2 s", "35 s", "12 min", "3 h"
std::string age_text(const std::optional<Duration>& age) {
    constexpr double minute = 60;
    constexpr double hour = 60 * minute;
    if (!age) {
        return std::string(unknown);
    }
    const double seconds = std::max(seconds_of(*age), 0.0);
    if (seconds < 0.9995) {
        return fmt::format("{:.0f} ms", seconds * 1000);
    }
    if (seconds < 100) {
        return fmt::format("{:.1f} s", seconds);
    }
    return seconds < 100 * minute ? fmt::format("{:.0f} min", seconds / minute)
                                  : fmt::format("{:.0f} h", seconds / hour);
}

/// "1:02:03", "4 d 1:02:03"
std::string elapsed_text(Duration duration) {
    using namespace std::chrono;
    const auto whole = floor<std::chrono::seconds>(std::max(duration, Duration::zero()));
    const auto day = floor<days>(whole);
    const hh_mm_ss time(whole - day);
    return fmt::format("{}{}:{:02}:{:02}", day.count() > 0 ? fmt::format("{} d ", day.count()) : "",
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// --- rates ---

/// What was sent between two statuses.
struct Sent {
    std::uint64_t frames = 0;
    std::uint64_t skipped = 0;
    std::uint64_t bytes = 0;
    Duration time{};

    [[nodiscard]] double megabits_per_second() const {
        constexpr double bits = 8.0 / 1e6;
        return static_cast<double>(bytes) * bits / seconds_of(time);
    }
    /// From 0 to 1; nothing if there were no frames.
    [[nodiscard]] std::optional<double> skipped_share() const {
        const auto all = static_cast<double>(frames + skipped);
        return all > 0 ? std::optional(static_cast<double>(skipped) / all) : std::nullopt;
    }
};

/// `Counters` have frames_sent, frames_skipped and bytes_sent. Nothing if they began anew.
template <typename Counters>
std::optional<Sent> sent_between(const Counters& before, const Counters& now, Duration time) {
    if (time <= Duration::zero() || now.frames_sent < before.frames_sent ||
        now.frames_skipped < before.frames_skipped || now.bytes_sent < before.bytes_sent) {
        return std::nullopt;
    }
    return Sent{now.frames_sent - before.frames_sent, now.frames_skipped - before.frames_skipped,
                now.bytes_sent - before.bytes_sent, time};
}

std::string rate_text(const std::optional<Sent>& sent) {
    return sent ? fmt::format("{:.1f}", sent->megabits_per_second()) : std::string(unknown);
}

std::string skipped_text(const std::optional<Sent>& sent) {
    const auto share = sent ? sent->skipped_share() : std::nullopt;
    return share ? fmt::format("{:.1f}%", *share * 100) : std::string(unknown);
}

struct StreamRow {
    const ListedStream* now = nullptr;
    std::optional<Sent> sent;
    std::optional<Duration> delay; ///< mean, from capture to the end of the send
};

struct ViewerRow {
    const ListedViewer* now = nullptr;
    std::optional<Sent> sent;
};

/// The mean of those that were measured between the two.
std::optional<Duration> delay_between(const ListedStream& before, const ListedStream& now) {
    if (now.latency_count <= before.latency_count || !now.latency_mean) {
        return std::nullopt;
    }
    const auto sum = [](const ListedStream& stream) {
        return seconds_of(stream.latency_mean.value_or(Duration::zero())) *
               static_cast<double>(stream.latency_count);
    };
    const double mean =
        (sum(now) - sum(before)) / static_cast<double>(now.latency_count - before.latency_count);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(mean));
}

/// 0 for streams that viewers wait for in vain.
int rank_of(const ListedStream& stream) {
    return stream.state == "live" || stream.state == "resting" ? 1 : 0;
}

std::vector<StreamRow> stream_rows(const ListedStatus* before, const ListedStatus& now) {
    std::vector<StreamRow> rows;
    for (const ListedStream& stream : now.streams) {
        StreamRow& row = rows.emplace_back(StreamRow{&stream, {}, {}});
        if (before == nullptr) {
            continue;
        }
        const auto found = std::ranges::find(before->streams, stream.name, &ListedStream::name);
        if (found != before->streams.end()) {
            row.sent = sent_between(*found, stream, now.uptime - before->uptime);
            row.delay = delay_between(*found, stream);
        }
    }
    std::ranges::stable_sort(rows, [](const StreamRow& a, const StreamRow& b) {
        return std::pair(rank_of(*a.now), b.now->viewers) <
               std::pair(rank_of(*b.now), a.now->viewers);
    });
    return rows;
}

std::vector<ViewerRow> viewer_rows(const ListedStatus* before, const ListedStatus& now) {
    std::map<std::uint64_t, const ListedViewer*> earlier;
    if (before != nullptr) {
        for (const ListedViewer& viewer : before->viewers) {
            earlier.emplace(viewer.id, &viewer);
        }
    }
    std::vector<ViewerRow> rows;
    for (const ListedViewer& viewer : now.viewers) {
        ViewerRow& row = rows.emplace_back(ViewerRow{&viewer, {}});
        if (const auto found = earlier.find(viewer.id); found != earlier.end()) {
            row.sent = sent_between(*found->second, viewer,
                                    viewer.connected_for - found->second->connected_for);
        }
    }
    const auto order = [](const ViewerRow& row) {
        const auto share = row.sent ? row.sent->skipped_share() : std::nullopt;
        // In whole percents: a single frame is no reason to change places.
        return std::pair(-std::round(share.value_or(0) * 100),
                         -row.now->delivered_age.value_or(Duration::zero()));
    };
    std::ranges::stable_sort(rows, {}, order);
    return rows;
}

// --- tables. Headings are as wide as the usual numbers, so that columns keep their places. ---

std::vector<std::string> stream_table(const std::vector<StreamRow>& rows, std::size_t width) {
    std::vector<TextRow> cells;
    for (const StreamRow& row : rows) {
        const ListedStream& stream = *row.now;
        cells.push_back({
            stream.name,
            stream.width == 0 ? std::string(unknown)
                              : fmt::format("{}x{}", stream.width, stream.height),
            fmt::format("{:.1f}", stream.fps),
            fmt::format("{}", stream.viewers),
            fmt::format("{:.1f}", static_cast<double>(stream.frame_bytes_mean) / 1000),
            rate_text(row.sent),
            age_text(stream.frame_age),
            age_text(row.delay),
            skipped_text(row.sent),
            stream.reason.empty() ? stream.state
                                  : fmt::format("{}: {}", stream.state, stream.reason),
        });
    }
    return table_lines({{"STREAM", 0, 12},
                        {"     SIZE", 4},
                        {"  FPS", 8},
                        {"VIEWERS", 7},
                        {"    KB", 1},
                        {"MBIT/S", 6},
                        {"   AGE", 2},
                        {" DELAY", 3},
                        {"SKIPPED", 5},
                        {"STATE", 0, 20}},
                       std::move(cells), width);
}

std::vector<std::string> viewer_table(const std::vector<ViewerRow>& rows, std::size_t width) {
    std::vector<TextRow> cells;
    for (const ViewerRow& row : rows) {
        const ListedViewer& viewer = *row.now;
        cells.push_back({
            viewer.address,
            viewer.stream,
            age_text(viewer.delivered_age),
            fmt::format("{:.1f}", viewer.fps),
            rate_text(row.sent),
            skipped_text(row.sent),
            elapsed_text(viewer.connected_for),
            viewer.send_path,
        });
    }
    return table_lines({{"VIEWER", 0, 15},
                        {"STREAM", 0, 12},
                        {"   AGE", 5},
                        {"  FPS", 4},
                        {"MBIT/S", 3},
                        {"SKIPPED", 6},
                        {"CONNECTED", 2},
                        {"PATH", 1, 4}},
                       std::move(cells), width);
}

/// Appends a table of the first `row_count` of `rows`: if that is not all of `total`, the last of
/// its lines says how many are missing.
template <typename Row, typename Table>
void add_table(std::vector<TopLine>& lines, std::vector<Row> rows, std::size_t row_count,
               std::uint64_t total, std::string_view noun, Table table) {
    const bool complete = rows.size() <= row_count && rows.size() >= total;
    if (!complete) {
        rows.resize(std::min(rows.size(), row_count == 0 ? 0 : row_count - 1));
    }
    bool heading = true;
    for (std::string& line : table(rows)) {
        lines.push_back({std::move(line), std::exchange(heading, false)});
    }
    if (!complete) {
        lines.push_back({fmt::format("and {}", counted(total - rows.size(), noun)), false});
    }
}

std::vector<TopLine> head_lines(const TopView& view, const std::vector<StreamRow>& streams) {
    const ListedStatus& now = view.now;
    std::vector<TopLine> lines;
    lines.push_back({fmt::format("ringcast {} at {}, up {}, {}", now.version, view.server,
                                 elapsed_text(now.uptime), now.engine)});
    std::optional<double> rate;
    for (const StreamRow& row : streams) {
        if (row.sent) {
            rate = rate.value_or(0) + row.sent->megabits_per_second();
        }
    }
    std::string line =
        fmt::format("{}, at most {}; {} Mbit/s", counted(now.viewers_total, "viewer"),
                    now.viewers_max, rate ? fmt::format("{:.1f}", *rate) : unknown);
    line += now.draining ? "; draining: new viewers are refused" : "";
    line += now.accept_paused ? "; accepts no connections: descriptors or memory ran out" : "";
    lines.push_back({std::move(line)});
    if (!view.problem.empty()) {
        lines.push_back({fmt::format("{}; trying again", view.problem), true});
    }
    if (now.viewers.empty() && now.viewers_total > 0) {
        lines.push_back({"only administrators see the viewers: http://USER:PASSWORD@HOST:PORT/"});
    }
    return lines;
}

/// True if `before` is an earlier status of the same process.
bool comparable(const ListedStatus* before, const ListedStatus& now) {
    return before != nullptr && before->instance == now.instance && before->uptime < now.uptime;
}

} // namespace

std::vector<TopLine> top_lines(const TopView& view, std::optional<TextSize> size) {
    constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
    const ListedStatus* const before = comparable(view.before, view.now) ? view.before : nullptr;
    const std::vector<StreamRow> streams = stream_rows(before, view.now);
    const std::vector<ViewerRow> viewers = viewer_rows(before, view.now);
    const std::size_t width = size ? size->columns : unlimited;
    const std::size_t height = size ? size->lines : unlimited;

    std::vector<TopLine> lines = head_lines(view, streams);
    const bool has_viewers = !viewers.empty();
    // An empty line and the headings of each table.
    const std::size_t others = lines.size() + (has_viewers ? 4U : 2U);
    const std::size_t room = height > others ? height - others : 0;
    // Viewers get half of the room, and what streams leave.
    const std::size_t viewers_wanted =
        viewers.size() + (view.now.viewers_total > viewers.size() ? 1U : 0U);
    const std::size_t stream_room =
        std::max(room - std::min(viewers_wanted, room), has_viewers ? room / 2 : room);
    lines.emplace_back();
    add_table(lines, streams, stream_room, streams.size(), "more stream",
              [&](const auto& rows) { return stream_table(rows, width); });
    if (has_viewers) {
        const std::size_t viewer_room = room - std::min(streams.size(), stream_room);
        lines.emplace_back();
        add_table(lines, viewers, viewer_room, view.now.viewers_total, "more viewer",
                  [&](const auto& rows) { return viewer_table(rows, width); });
    }
    lines.resize(std::min(lines.size(), height));
    for (TopLine& line : lines) {
        line.text = shortened(line.text, width);
    }
    return lines;
}

} // namespace ringcast::app
