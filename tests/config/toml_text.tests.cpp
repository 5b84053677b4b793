#include "config/toml_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::config;

TEST_CASE("quoted text is valid TOML and contains no control characters") {
    CHECK(toml_quoted("plain") == R"("plain")");
    CHECK(toml_quoted("a\"b\\c\nd\te") == R"("a\"b\\c\nd\te")");
    CHECK(toml_quoted("\x1b[31m\x7f") == R"("\u001b[31m\u007f")");
}

TEST_CASE("a key is quoted only when it must be") {
    CHECK(toml_key("max_per-address9") == "max_per-address9");
    CHECK(toml_key("with space") == "\"with space\"");
    CHECK(toml_key("") == "\"\"");
}

TEST_CASE("a simple shell line becomes the list of its words") {
    CHECK(shell_line_as_toml_list("ffmpeg -re  -i in.mp4 -") ==
          R"(["ffmpeg", "-re", "-i", "in.mp4", "-"])");
    CHECK(shell_line_as_toml_list("a 'b c' \"d e\" '' x'y'z") ==
          R"(["a", "b c", "d e", "", "xyz"])");
}

TEST_CASE("a line that needs a shell becomes a call of sh") {
    CHECK(shell_line_as_toml_list("a | b") == R"(["sh", "-c", "a | b"])");
    CHECK(shell_line_as_toml_list("a $HOME") == R"(["sh", "-c", "a $HOME"])");
    CHECK(shell_line_as_toml_list("a 'unclosed") == R"(["sh", "-c", "a 'unclosed"])");
    CHECK(shell_line_as_toml_list(" ") == R"(["sh", "-c", " "])");
}
