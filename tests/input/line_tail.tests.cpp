#include "input/line_tail.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::input {

TEST_CASE("lines are found across pieces, and empty ones are skipped") {
    LineTail tail;
    std::vector<std::string> lines;
    const auto take = [&lines](std::string_view line) { lines.emplace_back(line); };
    tail.feed("fra", take);
    tail.feed("me 1\rframe 2\r\n\n\nlast", take);
    CHECK(lines == std::vector<std::string>{"frame 1", "frame 2"});
    tail.finish(take);
    CHECK(lines.back() == "last");
    CHECK(tail.count() == 3);
    CHECK(tail.line(0) == "frame 1");
    CHECK(tail.line(2) == "last");
}

TEST_CASE("the last five lines are kept, oldest first") {
    LineTail tail;
    const auto ignore = [](std::string_view) {};
    for (int i = 1; i <= 23; ++i) {
        tail.feed(std::to_string(i) + "\n", ignore);
    }
    tail.feed("not ended", ignore);
    REQUIRE(tail.count() == LineTail::lines_max);
    CHECK(tail.line(0) == "19");
    CHECK(tail.line(4) == "23");
    tail.clear();
    CHECK(tail.count() == 0);
    tail.feed("fresh\n", ignore);
    CHECK(tail.line(0) == "fresh");
}

TEST_CASE("a line without end is cut and control characters do not reach a log") {
    LineTail tail;
    std::vector<std::string> lines;
    tail.feed(std::string(10'000, 'x') + "\n\x1B[31mred\a\none\ttwo\u009b\u202e\xff caméra\n",
              [&lines](std::string_view line) { lines.emplace_back(line); });
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == std::string(LineTail::line_bytes_max, 'x'));
    CHECK(lines[1] == "?[31mred?");
    CHECK(lines[2] == "one two??? caméra");
    CHECK(tail.line(2) == lines[2]);
}

} // namespace ringcast::input
