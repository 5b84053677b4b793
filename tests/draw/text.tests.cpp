#include "draw/text.hpp"

#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::draw;

namespace {

/// The luma of a rectangle, line by line, as text: '#' for bright.
std::string seen(const Picture& picture, Rectangle area) {
    std::string text;
    for (int y = area.y; y < area.y + area.height; ++y) {
        for (int x = area.x; x < area.x + area.width; ++x) {
            text += picture.row(Channel::luma, y)[static_cast<std::size_t>(x)] > 128 ? '#' : '.';
        }
        text += '\n';
    }
    return text;
}

} // namespace

TEST_CASE("a character is drawn as its glyph", "[encode]") {
    Picture picture(32, 32);
    draw_text(picture, 0, 0, 1, "F", 255);
    CHECK(seen(picture, {0, 0, 6, 8}) == "#####.\n"
                                         "#.....\n"
                                         "#.....\n"
                                         "####..\n"
                                         "#.....\n"
                                         "#.....\n"
                                         "#.....\n"
                                         "......\n");
}

TEST_CASE("scaled text covers exactly its width and height", "[encode]") {
    Picture picture(160, 64);
    draw_text(picture, 10, 12, 3, "HH", 255);
    CHECK(text_width("HH", 3) == 33);
    const int right = 10 + text_width("HH", 3);
    CHECK(picture.row(Channel::luma, 12)[10] == 255);
    CHECK(picture.row(Channel::luma, 12)[static_cast<std::size_t>(right - 1)] == 255);
    CHECK(seen(picture, {right, 0, 160 - right, 64}).find('#') == std::string::npos);
    CHECK(seen(picture, {0, 12 + 21, 160, 64 - 33}).find('#') == std::string::npos);
    CHECK(seen(picture, {0, 0, 160, 12}).find('#') == std::string::npos);
}

TEST_CASE("every printable character has a glyph of its own", "[encode]") {
    std::set<std::string> glyphs;
    for (char character = ' '; character <= '~'; ++character) {
        Picture picture(16, 16);
        draw_text(picture, 0, 0, 1, std::string(1, character), 255);
        CHECK(glyphs.insert(seen(picture, {0, 0, 16, 16})).second);
    }
}

TEST_CASE("a character that is not ASCII is drawn as one question mark", "[encode]") {
    Picture expected(64, 16);
    draw_text(expected, 0, 0, 1, "a?b?", 255);
    Picture picture(64, 16);
    draw_text(picture, 0, 0, 1,
              "a\xC3\xA9"
              "b\n",
              255);
    CHECK(seen(picture, {0, 0, 64, 16}) == seen(expected, {0, 0, 64, 16}));
    CHECK(text_width("a\xC3\xA9"
                     "b",
                     2) == text_width("abc", 2));
    CHECK(text_width("", 5) == 0);
}

TEST_CASE("text outside the picture is clipped", "[encode]") {
    Picture picture(16, 16);
    draw_text(picture, -20, -3, 2, "a long line of text that leaves on all sides", 255);
    draw_text(picture, 10, 12, 9, "a", 255);
    CHECK(seen(picture, {0, 0, 16, 16}).find('#') != std::string::npos);
}

TEST_CASE("lines break at spaces, and in words longer than a line", "[encode]") {
    using Lines = std::vector<std::string_view>;
    CHECK(wrap_text("one two three", 7) == Lines{"one two", "three"});
    CHECK(wrap_text("one two three", 8) == Lines{"one two", "three"});
    CHECK(wrap_text("one two three", 100) == Lines{"one two three"});
    CHECK(wrap_text("  one   two  ", 3) == Lines{"one", "two"});
    CHECK(wrap_text("abcdefgh ij", 3) == Lines{"abc", "def", "gh", "ij"});
    CHECK(wrap_text("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == Lines{"\xC3\xA9\xC3\xA9", "\xC3\xA9"});
    CHECK(wrap_text("\x80\x80", 1) == Lines{"\x80\x80"}); // no byte begins a character
    CHECK(wrap_text("", 5).empty());
    CHECK(wrap_text("    ", 5).empty());
}
