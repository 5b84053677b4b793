#include "app/top_text.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "app/text_table.hpp"

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;
using api::ListedStatus;
using api::ListedStream;
using api::ListedViewer;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

ListedStream stream(std::string name, std::uint64_t viewers) {
    ListedStream stream;
    stream.name = std::move(name);
    stream.state = "live";
    stream.width = 1280;
    stream.height = 720;
    stream.fps = 30;
    stream.frame_bytes_mean = 48'200;
    stream.frame_age = 12ms;
    stream.viewers = viewers;
    return stream;
}

ListedViewer viewer(std::uint64_t id) {
    ListedViewer viewer;
    viewer.id = id;
    viewer.address = "192.0.2." + std::to_string(id);
    viewer.stream = "door";
    viewer.send_path = "copy";
    viewer.fps = 30;
    viewer.delivered_age = 40ms;
    viewer.connected_for = 90s;
    return viewer;
}

ListedStatus status(std::vector<ListedStream> streams, std::vector<ListedViewer> viewers) {
    ListedStatus status;
    status.version = "1.2.3";
    status.instance = "00112233445566aa";
    status.engine = "io_uring";
    status.uptime = 3600s;
    status.viewers_max = 4096;
    status.streams = std::move(streams);
    status.viewers_total = viewers.size();
    status.viewers = std::move(viewers);
    return status;
}

/// The same, two seconds later.
ListedStatus later(ListedStatus status) {
    status.uptime += 2s;
    for (ListedViewer& viewer : status.viewers) {
        viewer.connected_for += 2s;
    }
    return status;
}

std::string text_of(const std::vector<TopLine>& lines) {
    std::string text;
    for (const TopLine& line : lines) {
        text += line.text + "\n";
    }
    return text;
}

std::string top_text(const ListedStatus* before, const ListedStatus& now) {
    return text_of(top_lines({"127.0.0.1:8080", before, now, ""}, std::nullopt));
}

/// The first line that begins with `beginning`.
std::string line_of(const std::string& text, const std::string& beginning) {
    const std::size_t at = ("\n" + text).find("\n" + beginning);
    INFO(text);
    REQUIRE(at != std::string::npos);
    return text.substr(at, text.find('\n', at) - at);
}

} // namespace

TEST_CASE("top shows the server, its streams and its viewers with the rates between two statuses") {
    const ListedStatus before = status({stream("door", 1)}, {viewer(7)});
    ListedStatus now = later(before);
    ListedStream& door = now.streams[0];
    door.bytes_sent += 2'500'000;
    door.frames_sent += 57;
    door.frames_skipped += 3;
    door.latency_count = 60;
    door.latency_mean = 2500us;
    now.viewers[0].bytes_sent += 1'250'000;
    now.viewers[0].frames_sent += 45;
    now.viewers[0].frames_skipped += 15;
    CHECK(top_text(&before, now) ==
          "ringcast 1.2.3 at 127.0.0.1:8080, up 1:00:02, io_uring\n"
          "1 viewer, at most 4096; 10.0 Mbit/s\n"
          "\n"
          "STREAM      SIZE   FPS VIEWERS     KB MBIT/S    AGE  DELAY SKIPPED STATE\n"
          "door    1280x720  30.0       1   48.2   10.0  12 ms   2 ms    5.0% live\n"
          "\n"
          "VIEWER    STREAM    AGE   FPS MBIT/S SKIPPED CONNECTED PATH\n"
          "192.0.2.7 door    40 ms  30.0    5.0   25.0%   0:01:32 copy\n");
}

TEST_CASE("the delay is that of the frames between the two statuses") {
    ListedStatus before = status({stream("door", 1)}, {});
    before.streams[0].latency_count = 100;
    before.streams[0].latency_mean = 1ms;
    ListedStatus now = later(before);
    now.streams[0].latency_count = 150;
    now.streams[0].latency_mean = 7ms; // 100 of 1 ms and 50 of 19 ms
    CHECK_THAT(top_text(&before, now), ContainsSubstring(" 19 ms "));
    CHECK_THAT(top_text(nullptr, now), !ContainsSubstring(" 19 ms "));
}

TEST_CASE("without an earlier status, or with that of another process, there are no rates") {
    const ListedStatus before = status({stream("door", 1)}, {viewer(7)});
    ListedStatus now = later(before);
    now.streams[0].bytes_sent += 2'500'000;
    CHECK_THAT(line_of(top_text(&before, now), "1 viewer"), ContainsSubstring("10.0 Mbit/s"));
    CHECK_THAT(line_of(top_text(nullptr, now), "1 viewer"), ContainsSubstring("; - Mbit/s"));
    ListedStatus restarted = now;
    restarted.instance = "ffeeddccbbaa9988";
    CHECK_THAT(line_of(top_text(&before, restarted), "1 viewer"), ContainsSubstring("; - Mbit/s"));
    CHECK_THAT(line_of(top_text(&now, now), "1 viewer"), ContainsSubstring("; - Mbit/s"));
}

TEST_CASE("a stream that was started anew, or is new, has no rates yet") {
    ListedStatus before = status({stream("door", 1)}, {});
    before.streams[0].bytes_sent = 1000;
    ListedStatus now = later(before);
    now.streams[0].bytes_sent = 10;
    now.streams.push_back(stream("yard", 0));
    const std::string text = top_text(&before, now);
    for (const char* name : {"door", "yard"}) {
        CHECK_THAT(line_of(text, name),
                   ContainsSubstring("48.2      -  12 ms      -       - live"));
    }
}

TEST_CASE("streams without signal are on top, with the reason, then those with the most viewers") {
    ListedStream lost = stream("lost", 0);
    lost.state = "lost";
    lost.reason = "the camera was unplugged";
    lost.frame_age.reset();
    ListedStream paused = stream("paused", 0);
    paused.state = "resting";
    ListedStream starting = stream("starting", 0);
    starting.state = "starting";
    starting.width = 0;
    const ListedStatus now =
        status({stream("few", 1), paused, stream("many", 9), lost, starting}, {});
    const std::string text = top_text(nullptr, now);
    std::vector<std::size_t> places;
    for (const char* name : {"\nlost ", "\nstarting ", "\nmany ", "\nfew ", "\npaused "}) {
        places.push_back(text.find(name));
    }
    CHECK(std::ranges::is_sorted(places));
    CHECK(places.back() != std::string::npos);
    CHECK(line_of(text, "lost ").ends_with(" - lost: the camera was unplugged"));
    CHECK(line_of(text, "paused ").ends_with(" resting"));
    CHECK_THAT(line_of(text, "starting "), ContainsSubstring("starting         -  30.0"));
}

TEST_CASE("viewers that miss the most frames are on top, then those with the oldest ones") {
    const ListedStatus before =
        status({stream("door", 4)}, {viewer(1), viewer(2), viewer(3), viewer(4)});
    ListedStatus now = later(before);
    now.viewers_total = 5;
    now.viewers.push_back(viewer(5)); // new: nothing is known yet
    for (ListedViewer& each : now.viewers) {
        each.frames_sent += 50;
    }
    now.viewers[2].frames_skipped += 50;
    now.viewers[1].delivered_age = 3s;
    now.viewers[3].delivered_age.reset();
    const std::string text = top_text(&before, now);
    const std::string rows = text.substr(text.find("VIEWER    STREAM"));
    std::vector<std::size_t> places;
    for (const char* name :
         {"\n192.0.2.3", "\n192.0.2.2", "\n192.0.2.1", "\n192.0.2.5", "\n192.0.2.4"}) {
        places.push_back(rows.find(name));
    }
    CHECK(std::ranges::is_sorted(places));
    CHECK_THAT(line_of(text, "192.0.2.3"), ContainsSubstring("50.0%"));
    CHECK_THAT(line_of(text, "192.0.2.2"), ContainsSubstring("3.0 s"));
    CHECK_THAT(line_of(text, "192.0.2.4"), ContainsSubstring("door        -"));
}

TEST_CASE("without viewers there is no table of them") {
    const std::string text = top_text(nullptr, status({stream("door", 0)}, {}));
    CHECK_THAT(text,
               StartsWith("ringcast 1.2.3") && ContainsSubstring("\n0 viewers, at most 4096"));
    CHECK_THAT(text, !ContainsSubstring("CONNECTED") && !ContainsSubstring("administrators"));
}

TEST_CASE("viewers that are hidden are said to be") {
    ListedStatus now = status({stream("door", 3)}, {});
    now.viewers_total = 3;
    const std::string text = top_text(nullptr, now);
    CHECK_THAT(text, ContainsSubstring("\nonly administrators see the viewers"));
    CHECK_THAT(text, !ContainsSubstring("CONNECTED") && !ContainsSubstring("more"));
}

TEST_CASE("what keeps viewers out is said") {
    ListedStatus now = status({}, {});
    now.draining = true;
    now.accept_paused = true;
    CHECK_THAT(line_of(top_text(nullptr, now), "0 viewers"),
               ContainsSubstring("draining") && ContainsSubstring("accepts no connections"));
}

TEST_CASE("the last status stays while there is no newer one, with the reason") {
    const ListedStatus now = status({stream("door", 1)}, {viewer(1)});
    const auto lines = top_lines({"a", nullptr, now, "a: connection refused"}, TextSize{80, 24});
    CHECK(lines[2].text == "a: connection refused; trying again");
    CHECK(lines[2].heading);
    CHECK_THAT(text_of(lines), ContainsSubstring("\ndoor ") && ContainsSubstring("\n192.0.2.1 "));
}

TEST_CASE("thousands of viewers and many streams share the height of the terminal") {
    std::vector<ListedStream> streams;
    for (int i = 0; i < 64; ++i) {
        streams.push_back(stream("stream-" + std::to_string(i), 60));
    }
    std::vector<ListedViewer> viewers;
    for (std::uint64_t id = 0; id < 1000; ++id) {
        viewers.push_back(viewer(id));
    }
    ListedStatus now = status(streams, viewers);
    now.viewers_total = 4000;
    const auto lines = top_lines({"a", nullptr, now, ""}, TextSize{100, 30});
    CHECK(lines.size() == 30);
    // 24 lines are left for the rows of both tables.
    CHECK(lines[15].text == "and 53 more streams");
    CHECK_THAT(lines[17].text, StartsWith("VIEWER"));
    CHECK(lines[29].text == "and 3989 more viewers");

    // Where one table needs little, the other one gets more.
    now.streams.resize(2);
    const auto more_viewers = top_lines({"a", nullptr, now, ""}, TextSize{100, 30});
    CHECK(more_viewers.size() == 30);
    CHECK(more_viewers.back().text == "and 3979 more viewers");
    now = status(streams, {viewer(1)});
    const auto more_streams = top_lines({"a", nullptr, now, ""}, TextSize{100, 30});
    CHECK(more_streams.size() == 30);
    CHECK_THAT(more_streams.back().text, StartsWith("192.0.2.1"));
    CHECK(more_streams[26].text == "and 42 more streams");
}

TEST_CASE("lines fit every terminal, however small, with long names and words of other languages") {
    ListedStream odd = stream(std::string(63, 'n'), 12345);
    odd.state = "lost";
    odd.reason = "Kamera nicht verf\u00fcgbar: \u30ab\u30e1\u30e9 " + std::string(100, 'x');
    ListedViewer far = viewer(1);
    far.address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535";
    far.stream = odd.name;
    far.send_path = "zero-copy";
    far.connected_for = 400 * 24h;
    const ListedStatus now = status({odd, stream("door", 0)}, {far, viewer(2)});
    for (std::size_t columns = 1; columns <= 200; ++columns) {
        for (const std::size_t height : {1U, 2U, 5U, 8U, 24U}) {
            const auto lines = top_lines({"a", nullptr, now, "gone"}, TextSize{columns, height});
            CHECK(lines.size() <= height);
            CHECK(std::ranges::all_of(
                lines, [&](const TopLine& line) { return character_count(line.text) <= columns; }));
        }
    }
    const std::string usual = text_of(top_lines({"a", nullptr, now, ""}, TextSize{80, 24}));
    CHECK_THAT(usual, ContainsSubstring("nnnnnnnnnnn+ ") &&
                          ContainsSubstring("lost: Kamera nicht v+") &&
                          ContainsSubstring("[2001:db8:1234+ "));
    CHECK_THAT(top_text(nullptr, now),
               ContainsSubstring(odd.reason) && ContainsSubstring("400 d 0:00:00"));
}

TEST_CASE("ages have a unit that suits them") {
    const auto shown = [](Duration age) {
        ListedStatus now = status({stream("door", 0)}, {});
        now.streams[0].frame_age = age;
        return top_text(nullptr, now);
    };
    CHECK_THAT(shown(-1s), ContainsSubstring(" 0 ms "));
    CHECK_THAT(shown(999ms), ContainsSubstring(" 999 ms "));
    CHECK_THAT(shown(999'900us), ContainsSubstring(" 1.0 s "));
    CHECK_THAT(shown(99s), ContainsSubstring(" 99.0 s "));
    CHECK_THAT(shown(120s), ContainsSubstring(" 2 min "));
    CHECK_THAT(shown(3h), ContainsSubstring(" 3 h "));
}
