#include "app/text_table.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::app;

namespace {

using Lines = std::vector<std::string>;

/// A column that may become narrower, two of numbers, of which the first is less important, and one
/// of words that stays.
Lines table(std::size_t width) {
    return table_lines({{"NAME", 0, 6}, {"KB", 1}, {"FPS", 2}, {"STATE", 0, 5}},
                       {{"front-door", "12.5", "30", "live"}, {"yard", "7.0", "5", "lost"}}, width);
}

} // namespace

TEST_CASE("words are aligned left and numbers right, without blanks at the end") {
    CHECK(table(100) == Lines{"NAME         KB FPS STATE", //
                              "front-door 12.5  30 live",  //
                              "yard        7.0   5 lost"});
}

TEST_CASE("in less width, words are shortened first, then columns are left out by their rank") {
    CHECK(table(23) == Lines{"NAME       KB FPS STATE", //
                             "front-d+ 12.5  30 live",  //
                             "yard      7.0   5 lost"});
    CHECK(table(21) == Lines{"NAME     KB FPS STATE", //
                             "front+ 12.5  30 live",  //
                             "yard    7.0   5 lost"});
    CHECK(table(20) == Lines{"NAME       FPS STATE", //
                             "front-door  30 live",  //
                             "yard         5 lost"});
    CHECK(table(12) == Lines{"NAME   STATE", //
                             "front+ live",  //
                             "yard   lost"});
}

TEST_CASE("what does not fit at all is cut") {
    CHECK(table(6) == Lines{"NAME +", "front+", "yard +"});
    CHECK(table(1) == Lines{"+", "+", "+"});
    CHECK(table(0) == Lines{"", "", ""});
}

TEST_CASE("a table without rows has its headings") {
    CHECK(table_lines({{"NAME", 0, 6}, {"KB", 1}}, {}, 80) == Lines{"NAME KB"});
}

TEST_CASE("characters of UTF-8 are counted and cut as a whole") {
    CHECK(character_count("") == 0);
    CHECK(character_count("a\u00e9\u20ac\U0001F4F7") == 4);
    CHECK(shortened("\u00e9\u00e9\u00e9", 3) == "\u00e9\u00e9\u00e9");
    CHECK(shortened("\u00e9\u00e9\u00e9", 2) == "\u00e9+");
    CHECK(shortened("abc", 1) == "+");
    CHECK(shortened("", 0).empty());
}
