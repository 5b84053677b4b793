#include "http/via.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

using Ids = std::vector<std::string>;

} // namespace

TEST_CASE("a list of ids is separated by commas and any blanks") {
    CHECK(parse_via("0123456789abcdef") == Ids{"0123456789abcdef"});
    CHECK(parse_via("a, b ,\tc,d") == Ids{"a", "b", "c", "d"});
    CHECK(parse_via("").empty());
}

TEST_CASE("what is no id is left out of a list") {
    CHECK(parse_via(",, a,,b,").size() == 2);
    CHECK(parse_via("a, B, c d, e\x80, f;g, h-1") == Ids{"a", "h-1"});
    CHECK(parse_via(" \t ").empty());
    const std::string longest(32, 'a');
    CHECK(parse_via(longest + ", " + longest + "a") == Ids{longest});
}

TEST_CASE("the length of a list is bounded") {
    std::string list = "x";
    for (int i = 0; i < 1000; ++i) {
        list += ",x";
    }
    CHECK(parse_via(list).size() == 16);
    CHECK(parse_via(std::string(15, ',') + "a,b") == Ids{"a"});
    CHECK(parse_via(std::string(16, ',') + "a,b").empty());
}

TEST_CASE("a server's own id is in front of those upstream of it") {
    CHECK(via_text("a", {}) == "a");
    const Ids upstream{"b", "c"};
    CHECK(via_text("a", upstream) == "a, b, c");
    CHECK(parse_via(via_text("a", upstream)) == Ids{"a", "b", "c"});
}

TEST_CASE("an id is found in a list as a whole") {
    const Ids ids{"abc", "d"};
    CHECK(contains(ids, "abc"));
    CHECK(contains(ids, "d"));
    CHECK_FALSE(contains(ids, "ab"));
    CHECK_FALSE(contains(ids, ""));
    CHECK_FALSE(contains({}, "d"));
}

} // namespace ringcast::http
