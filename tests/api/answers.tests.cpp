#include "api/answers.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace std::chrono_literals;

namespace {

constexpr Instant begin{1000s};

struct Streamed {
    Streamed() { signal.start(begin); }

    stream::StreamSettings settings;
    stream::Signal signal{settings, Duration::zero()};
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a snapshot of a source that is starting is told so, and when to try again") {
    Streamed streamed;
    SECTION("since the server began") {}
    SECTION("and shows already that there is no picture yet") {
        streamed.signal.lose(streamed.signal.overdue(begin + 2s));
    }
    SECTION("since somebody watches") {
        streamed.signal.pause(begin);
        streamed.signal.set_watched(true, begin + 1h);
    }
    const api::Answer camera = api::no_snapshot(streamed.signal, "libcamera", {});
    CHECK(camera.status == 503);
    CHECK(camera.text.ends_with("\r\n\r\nthe camera is starting: try again in 2 s\n"));
    CHECK(contains(camera.text, "\r\nRetry-After: 2\r\n"));
    const api::Answer program = api::no_snapshot(streamed.signal, "exec", {});
    CHECK(program.text.ends_with("\r\n\r\nthe stream is starting: try again in 2 s\n"));
}

TEST_CASE("a stream is not passed on to a server that it has come through") {
    const std::vector<std::string> upstream{"bb", "cc"};
    const api::Chain chain{"aa", upstream};
    for (const std::string_view other : {"", "dd", "a", "aaa", "dd, ee", ";"}) {
        CHECK_FALSE(api::no_passing_on(chain, other, {}).has_value());
    }
    for (const std::string_view known : {"aa", "bb", "cc", "dd, cc", " aa ,dd"}) {
        const auto answer = api::no_passing_on(chain, known, {.keep_alive = true});
        REQUIRE(answer.has_value());
        CHECK(answer->status == 508);
        CHECK(answer->keep_alive);
        CHECK(answer->text.starts_with("HTTP/1.1 508 Loop Detected\r\n"));
        CHECK(contains(answer->text, "\r\n\r\na loop of servers: "));
    }
}

TEST_CASE("a chain of servers is not longer than eight") {
    std::vector<std::string> upstream(7, "b");
    CHECK_FALSE(api::no_passing_on({"a", upstream}, "", {}).has_value());
    upstream.emplace_back("b");
    const auto answer = api::no_passing_on({"a", upstream}, "", {});
    REQUIRE(answer.has_value());
    CHECK(answer->status == 508);
    CHECK(contains(answer->text, "\r\n\r\nmore than 8 servers in a row: "));
}

TEST_CASE("a snapshot without signal is told the reason, and when to try again") {
    Streamed streamed;
    SECTION("before the first frame") {
        streamed.signal.note_source_paused();
        streamed.signal.lose("the camera is in use");
    }
    SECTION("after frames") {
        static_cast<void>(streamed.signal.on_frame(begin + 1s));
        streamed.signal.lose("the camera is in use");
    }
    const api::Answer answer = api::no_snapshot(streamed.signal, "libcamera", {});
    CHECK(answer.status == 503);
    CHECK(answer.text.ends_with("\r\n\r\nno signal: the camera is in use\n"));
    CHECK(contains(answer.text, "\r\nRetry-After: 2\r\n"));
}

// --- PUT /NAME/controls ---

TEST_CASE("values of controls are taken as JSON of a known and moderate length only") {
    http::Request request;
    const auto status = [&] {
        const auto refused = api::no_values(request, {});
        return refused ? refused->status : 0;
    };
    CHECK(status() == 411);
    request.body = http::BodyKind::chunked;
    request.content_type = "application/json";
    CHECK(status() == 411);
    request.body = http::BodyKind::sized;
    for (const std::string_view type : {"application/json", "Application/JSON ; charset=utf-8"}) {
        request.content_type = type;
        CHECK(status() == 0);
    }
    for (const std::string_view type :
         {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp",
          "text/plain; application/json", "application/json, text/plain"}) {
        CAPTURE(type);
        request.content_type = type;
        CHECK(status() == 415);
    }
    request.content_type = "application/json";
    request.body_bytes = http::RequestReader::body_bytes_max;
    CHECK(status() == 0);
    ++request.body_bytes;
    CHECK(status() == 413);
}

TEST_CASE("the outcome of a change is told with what is set, or why nothing was changed") {
    using Kind = source::ControlOutcome::Kind;
    source::CameraStatus camera;
    camera.controls_set = {{"AfMode", std::string("manual")}, {"Brightness", 0.1}};
    camera.controls_changed = {{"Brightness", 0.1}};
    const auto outcome = [&](Kind kind) {
        return api::controls_outcome("door", {kind, "because"}, camera, {});
    };
    const api::Answer applied = outcome(Kind::applied);
    CHECK(applied.status == 200);
    CHECK(contains(applied.text, "\"applied\": true"));
    CHECK(contains(applied.text, "\"section\": \"[streams.door]\""));
    CHECK(contains(applied.text,
                   R"("line": "controls = { AfMode = \"manual\", Brightness = 0.1 }")"));
    CHECK(contains(outcome(Kind::kept).text, "\"applied\": false"));
    CHECK(outcome(Kind::refused).status == 400);
    CHECK(outcome(Kind::refused).text.ends_with("\r\n\r\nbecause\n"));
    CHECK(outcome(Kind::unavailable).status == 503);
    CHECK(contains(outcome(Kind::unavailable).text, "\r\nRetry-After: 2\r\n"));
}
