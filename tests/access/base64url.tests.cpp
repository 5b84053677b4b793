#include "access/base64url.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using access::base64url_decode;
using access::base64url_encode;

TEST_CASE("base64url encodes the examples of RFC 4648, without padding") {
    CHECK(base64url_encode(as_bytes("")).empty());
    CHECK(base64url_encode(as_bytes("f")) == "Zg");
    CHECK(base64url_encode(as_bytes("fo")) == "Zm8");
    CHECK(base64url_encode(as_bytes("foo")) == "Zm9v");
    CHECK(base64url_encode(as_bytes("foob")) == "Zm9vYg");
    CHECK(base64url_encode(as_bytes("fooba")) == "Zm9vYmE");
    CHECK(base64url_encode(as_bytes("foobar")) == "Zm9vYmFy");
    CHECK(base64url_encode(as_bytes("\x14\xFB\x9C\x03\xD9\x7E")) == "FPucA9l-");
    CHECK(base64url_encode(as_bytes("\xFB\xFF\xBF")) == "-_-_");
}

TEST_CASE("every byte survives encoding and decoding, in each position") {
    for (unsigned value = 0; value <= 0xFF; ++value) {
        for (std::size_t size = 1; size <= 4; ++size) {
            const std::vector<std::byte> bytes(size, static_cast<std::byte>(value));
            const std::string text = base64url_encode(bytes);
            CHECK(text.size() == access::base64url_characters(size));
            CHECK(base64url_decode(text) == bytes);
        }
    }
}

TEST_CASE("text that encoding never produces is not decoded") {
    for (const std::string_view text : {"Zg==", "Zm8=", "Z", "Zm9vY", "Zh", "Zm9", "+/+/", "Zm 9v",
                                        "Zm9v\n", " Zm9v", "Zm9v\xC3\xA9"}) {
        CHECK_FALSE(base64url_decode(text).has_value());
    }
    CHECK_FALSE(base64url_decode(std::string_view("Zm\0v", 4)).has_value());
}

TEST_CASE("of all texts of two characters, one is decoded for each byte") {
    std::size_t decoded = 0;
    for (unsigned first = 0; first <= 0xFF; ++first) {
        for (unsigned second = 0; second <= 0xFF; ++second) {
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            if (const auto bytes = base64url_decode(text)) {
                ++decoded;
                CHECK(base64url_encode(*bytes) == text);
            }
        }
    }
    CHECK(decoded == 256);
}
