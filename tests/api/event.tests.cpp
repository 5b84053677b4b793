#include "api/event.hpp"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace ringcast::api {

using namespace std::chrono_literals;

namespace {

constexpr WallTime at{1'700'000'000s + 250ms};

nlohmann::json data_of(const Event& event) {
    const std::string text = event_text(event, "a-1", at);
    const std::string begin = "id: a-1\ndata: ";
    REQUIRE(text.starts_with(begin));
    REQUIRE(text.ends_with("\n\n"));
    const std::string data = text.substr(begin.size(), text.size() - begin.size() - 2);
    CHECK(data.find('\n') == std::string::npos);
    return nlohmann::json::parse(data);
}

} // namespace

TEST_CASE("each kind of event has a name of its own") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < event_kind_count; ++i) {
        names.insert(event_kind_name(static_cast<EventKind>(i)));
    }
    CHECK(names.size() == event_kind_count);
    CHECK_FALSE(names.contains(""));
}

TEST_CASE("an event has the fields that say something") {
    CHECK(data_of({.kind = EventKind::server_started}) ==
          nlohmann::json{{"kind", "server_started"}, {"time_unix_seconds", 1'700'000'000.25}});
    const std::vector<std::string> lines{"stream a: added", "done: 1 change"};
    const nlohmann::json all = data_of({.kind = EventKind::controls_changed,
                                        .stream = "a",
                                        .reason = "b",
                                        .lines = lines,
                                        .count = 3});
    CHECK(all["stream"] == "a");
    CHECK(all["reason"] == "b");
    CHECK(all["count"] == 3);
    CHECK(all["lines"] == lines);
}

TEST_CASE("text from outside stays in its field, whatever it contains") {
    const std::vector<std::string> lines{"a\n\ndata: {}\n\n", "\xff\xfe\r", "\"}"};
    const nlohmann::json data =
        data_of({.kind = EventKind::config_refused, .reason = "x\nid: 9", .lines = lines});
    CHECK(data["reason"] == "x?id: 9");
    CHECK(data["lines"] == std::vector<std::string>{"a??data: {}??", "???", "\"}"});
}

TEST_CASE("an event is small, however much it is to say") {
    const std::vector<std::string> lines(10'000, std::string(10'000, '"'));
    const Event event{.kind = EventKind::config_refused,
                      .stream = lines[0],
                      .reason = lines[0],
                      .lines = lines,
                      .count = lines.size()};
    const nlohmann::json data = data_of(event);
    CHECK(data["lines"].size() == event_lines_max);
    CHECK(data["lines"][0].get<std::string>().size() == event_field_bytes_max);
    CHECK(data["count"] == 10'000);
    CHECK(event_text(event, "a-1", at).size() < 8'192);
}

} // namespace ringcast::api
