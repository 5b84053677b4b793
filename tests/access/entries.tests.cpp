#include "access/entries.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::access {

TEST_CASE("a new entry becomes the last line") {
    CHECK(with_entry("", "anna", "anna:1") == "anna:1\n");
    CHECK(with_entry("bob:2\n", "anna", "anna:1") == "bob:2\nanna:1\n");
    CHECK(with_entry("bob:2", "anna", "anna:1") == "bob:2\nanna:1\n");
    CHECK(with_entry("# anna:0\n\n", "anna", "anna:1") == "# anna:0\n\nanna:1\n");
}

TEST_CASE("an entry replaces the line of its name, and nothing else changes") {
    CHECK(with_entry("# all\nann:0\n anna:9\n\nannabel:3\n", "anna", "anna:1") ==
          "# all\nann:0\nanna:1\n\nannabel:3\n");
    CHECK(with_entry("anna:9", "anna", "anna:1") == "anna:1\n");
    CHECK(with_entry("\xEF\xBB\xBF"
                     "anna:9\r\nbob:2\r\n",
                     "anna", "anna:1") == "\xEF\xBB\xBF"
                                          "anna:1\r\nbob:2\r\n");
    CHECK(with_entry("what is this\nanna:9\nanna\n", "anna", "anna:1") ==
          "what is this\nanna:1\nanna\n");
}

TEST_CASE("a name that a file has twice is in it once after a change") {
    CHECK(with_entry("anna:8\nbob:2\nanna:9\n", "anna", "anna:1") == "anna:1\nbob:2\n");
    CHECK(without_entry("anna:8\nbob:2\nanna:9", "anna") == "bob:2\n");
}

TEST_CASE("an entry is removed with its line") {
    CHECK(without_entry("# all\nanna:9\nbob:2", "anna") == "# all\nbob:2");
    CHECK(without_entry("bob:2\n\tanna:9\r\n", "anna") == "bob:2\n");
    CHECK(without_entry("anna:9", "anna").empty());
    for (const std::string text : {"", "\n", "# anna:9\n", "ann:1\r\nannabel:2", "anna\n"}) {
        CHECK(without_entry(text, "anna") == text);
    }
}

TEST_CASE("a file of comments has no entries") {
    for (const char* text : {"", "\n", "\xEF\xBB\xBF", " # anna:1\n\r\n", "\t\n#"}) {
        CHECK_FALSE(has_entries(text));
    }
    for (const char* text : {"anna:1", "\n\n anna", "#\nwhat is this\n", "\xEF\xBB\xBF:"}) {
        CHECK(has_entries(text));
    }
}

} // namespace ringcast::access
