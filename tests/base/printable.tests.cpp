#include "base/printable.hpp"

#include <catch2/catch_test_macros.hpp>

using ringcast::printable_text;

namespace {

std::string utf8(char32_t code) {
    const auto tail = [&](unsigned shift) {
        return static_cast<char>(0x80U | (static_cast<std::uint32_t>(code) >> shift & 0x3FU));
    };
    const auto lead = [&](unsigned mark, unsigned shift) {
        return static_cast<char>(mark | static_cast<std::uint32_t>(code) >> shift);
    };
    if (code < 0x80) {
        return {lead(0, 0)};
    }
    if (code < 0x800) {
        return {lead(0xC0, 6), tail(0)};
    }
    if (code < 0x10000) {
        return {lead(0xE0, 12), tail(6), tail(0)};
    }
    return {lead(0xF0, 18), tail(12), tail(6), tail(0)};
}

} // namespace

TEST_CASE("ordinary text of any language is not changed") {
    for (const std::string text :
         {"", "Mozilla/5.0 (X11; Linux x86_64) ~", "caméra arrière", "Kamera №1 – Küche", "カメラ",
          "مصوّرة", "📷 HDR", "a\xEF\xBF\xBD"}) {
        CHECK(printable_text(text) == text);
    }
}

TEST_CASE("every code point is either kept or becomes one question mark") {
    std::size_t replaced = 0;
    for (char32_t code = 0; code <= 0x10FFFF; ++code) {
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (surrogate) {
            continue;
        }
        const std::string text = utf8(code);
        const std::string shown = printable_text(text);
        if (shown != text) {
            ++replaced;
            if (shown != "?") {
                FAIL("code point " << static_cast<std::uint32_t>(code));
            }
        }
    }
    // C0, DEL, C1, two separators, twelve marks of direction.
    CHECK(replaced == 32 + 1 + 32 + 2 + 12);
}

TEST_CASE("control characters, separators and marks of direction are replaced") {
    CHECK(printable_text("a\nb\rc\td\033[2Je\x7f") == "a?b?c?d?[2Je?");
    CHECK(printable_text(std::string("a\0b", 3)) == "a?b");
    CHECK(printable_text("\u0085\u009b31m") == "??31m"); // C1: NEL, CSI
    CHECK(printable_text("txt.\u202egpj\u202c \u2066x\u2069") == "txt.?gpj? ?x?");
    CHECK(printable_text("\u061c\u200e\u200f\u2028\u2029") == "?????");
}

TEST_CASE("each byte that is not part of valid UTF-8 is replaced") {
    CHECK(printable_text("a\x80z\xFF") == "a?z?");
    CHECK(printable_text("\xC0\xAF") == "??");                // overlong
    CHECK(printable_text("\xE0\x80\xAF") == "???");           // overlong
    CHECK(printable_text("\xF0\x80\x80\x80") == "????");      // overlong
    CHECK(printable_text("\xED\xA0\x80") == "???");           // a surrogate
    CHECK(printable_text("\xF4\x90\x80\x80") == "????");      // beyond U+10FFFF
    CHECK(printable_text("\xF8\x88\x80\x80\x80") == "?????"); // five bytes
    CHECK(printable_text("\xE2\x82") == "??");                // cut off
    CHECK(printable_text("\xE2\x82\xC3\xA9") == "??é");       // cut off by another character
    CHECK(printable_text("\xC3(") == "?(");
}
