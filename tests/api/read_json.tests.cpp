#include "api/read_json.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::api {

TEST_CASE("changes of controls are read in the form of the configuration") {
    const auto changes = read_control_changes(
        R"({"AeEnable": true, "Gain": 2, "Brightness": -0.5, "AfMode": "continuous",
            "ColourGains": [1, 2.5], "Contrast": null})");
    REQUIRE(changes.has_value());
    std::vector<config::ControlSetting> settings;
    for (const source::ControlChange& change : *changes) {
        if (change.value) {
            settings.push_back({change.name, *change.value});
        } else {
            CHECK(change.name == "Contrast");
        }
    }
    CHECK(settings ==
          std::vector<config::ControlSetting>{{"AeEnable", true},
                                              {"Gain", std::int64_t{2}},
                                              {"Brightness", -0.5},
                                              {"AfMode", std::string("continuous")},
                                              {"ColourGains", std::vector<double>{1, 2.5}}});
}

TEST_CASE("other bodies are no changes of controls, and everything wrong in them is named") {
    const auto problem = [](std::string_view body) {
        const auto changes = read_control_changes(body);
        REQUIRE_FALSE(changes.has_value());
        CHECK(changes.error().message.find('\n') == std::string::npos);
        return changes.error().message;
    };
    for (const std::string_view body :
         {"", "x", "[]", "1", "null", "{", "{\"a\": 1}}", "{\"a\": 1e999}", "{a: 1}",
          "{\"a\": \"\xFF\"}", "controls = { a = 1 }"}) {
        CAPTURE(body);
        CHECK(problem(body).starts_with("Send a JSON object"));
    }
    CHECK(problem("{}") == "there are no controls in it");
    CHECK(problem(R"({"a": 1, "b": 2, "a": 3})") == "\"a\" occurs twice");
    CHECK(
        problem(R"({"a": {}, "b": [], "c": "", "d": [1, "x"], "e": 18446744073709551615, "f": 1})")
            .starts_with("control a: expected true or false"));
    for (const char* name : {"a", "b", "c", "d", "e"}) {
        CHECK(problem(std::string("{\"") + name + R"(": [[[1]]], "f": 1})")
                  .starts_with(std::string("control ") + name + ": "));
    }
    CHECK(problem(R"({"a": {"b": 1, "b": 2}})").starts_with("control a: "));
    std::string deep = "{\"a\": ";
    deep.append(8000, '[').append(8000, ']').append("}");
    CHECK(problem(deep).starts_with("control a: "));
    std::string many = "{";
    for (int i = 0; i < 65; ++i) {
        many += "\"c" + std::to_string(i) + "\": 1" + (i < 64 ? "," : "}");
    }
    CHECK(problem(many) == "found 65 controls, expected at most 64");
}

} // namespace ringcast::api
