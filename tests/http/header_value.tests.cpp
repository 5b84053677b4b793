#include "http/header_value.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

std::optional<std::string> boundary(std::string_view value) {
    return parameter(value, "boundary");
}

} // namespace

TEST_CASE("a media type is compared without its parameters and in lower case") {
    CHECK(media_type("multipart/x-mixed-replace; boundary=X") == "multipart/x-mixed-replace");
    CHECK(media_type(" Multipart/X-Mixed-Replace ;boundary=X") == "multipart/x-mixed-replace");
    CHECK(media_type("image/jpeg") == "image/jpeg");
    CHECK(media_type("").empty());
    CHECK(media_type(";boundary=x").empty());
}

TEST_CASE("a boundary is read as servers write it") {
    CHECK(boundary("multipart/x-mixed-replace;boundary=boundarydonotcross") ==
          "boundarydonotcross");
    CHECK(boundary("multipart/x-mixed-replace; boundary=--myboundary") == "--myboundary");
    CHECK(boundary("multipart/x-mixed-replace; boundary=\"--frame\"") == "--frame");
    CHECK(boundary("multipart/x-mixed-replace; boundary=frame; charset=x") == "frame");
    CHECK(boundary("multipart/x-mixed-replace; charset=x ;BOUNDARY = frame ") == "frame");
    CHECK(boundary("multipart/x-mixed-replace;boundary=--BoundaryString--=_1") ==
          "--BoundaryString--=_1");
    CHECK(boundary("multipart/x-mixed-replace;boundary=a/b:c d") == "a/b:c d");
    CHECK(boundary("multipart/x-mixed-replace;;boundary=a;") == "a");
    CHECK(boundary("a/b;boundary=a;boundary=b") == "a");
}

TEST_CASE("a quoted value has escapes, and may contain any character") {
    CHECK(boundary(R"(a/b; boundary="a\"b\\c;d=e, f")") == R"(a"b\c;d=e, f)");
    CHECK(boundary(R"(a/b; x="; boundary=no"; boundary=yes)") == "yes");
    CHECK(boundary(R"(a/b; x="y" junk; boundary=" yes ")") == " yes ");
    CHECK(boundary(R"(a/b; boundary="unclosed)") == "unclosed");
    CHECK(boundary(R"(a/b; boundary="ends\)") == R"(ends\)");
}

TEST_CASE("a parameter that is absent, empty or too long has no value") {
    for (const std::string_view value :
         {"", "a/b", "a/b;", "a/b; boundary", "a/b; boundary=", "a/b; boundary= ; x=y",
          "a/b; boundary=\"\"", "a/b; xboundary=c", "a/b; boundary2=c", "boundary=c",
          "a/b; boundary; x=c"}) {
        CAPTURE(value);
        CHECK(!boundary(value));
    }
    const std::string longest(parameter_bytes_max, 'x');
    CHECK(boundary("a/b; boundary=" + longest) == longest);
    CHECK(!boundary("a/b; boundary=" + longest + "x"));
    CHECK(!boundary("a/b; boundary=\"" + longest + "x\""));
}

} // namespace ringcast::http
