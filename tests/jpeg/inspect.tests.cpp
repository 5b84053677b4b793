#include "jpeg/inspect.hpp"

#include <catch2/catch_test_macros.hpp>
#include <jpeglib.h>

#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;

namespace {

std::string error_of(ConstByteSpan file) {
    const auto info = jpeg::inspect(file);
    REQUIRE(!info.has_value());
    return info.error().message;
}

} // namespace

TEST_CASE("inspecting a JPEG reports its size, components and the offset of its data", "[jpeg]") {
    const Bytes file = make_jpeg({.width = 321, .height = 123});
    const auto info = jpeg::inspect(file);
    REQUIRE(info.has_value());
    CHECK(info->width == 321);
    CHECK(info->height == 123);
    CHECK(info->components == 3);
    CHECK(!info->progressive);
    CHECK(info->has_huffman_tables);
    CHECK(info->bytes == file.size());
    CHECK(file[info->scan_offset] == std::byte{0xFF});
    CHECK(file[info->scan_offset + 1] == std::byte{0xDA});
}

TEST_CASE("grey and progressive JPEGs are reported as such", "[jpeg]") {
    CHECK(jpeg::inspect(make_jpeg({.colour = Colour::grey}))->components == 1);
    CHECK(jpeg::inspect(make_jpeg({.progressive = true}))->progressive);
}

TEST_CASE("inserting missing Huffman tables at scan_offset restores the JPEG", "[jpeg]") {
    const Bytes file = make_jpeg({});
    const Bytes stripped = without_huffman_tables(file);
    const auto info = jpeg::inspect(stripped);
    REQUIRE(info.has_value());
    CHECK(!info->has_huffman_tables);
    const auto whole = jpeg::inspect(file);
    const ConstByteSpan tables =
        ConstByteSpan(file).subspan(info->scan_offset, whole->scan_offset - info->scan_offset);
    const ConstByteSpan rest(stripped);
    // libjpeg writes its tables right before the first scan, so they can be copied from there.
    const Bytes restored =
        joined({rest.first(info->scan_offset), tables, rest.subspan(info->scan_offset)});
    CHECK(restored == file);
}

TEST_CASE("padding after a JPEG is not part of it", "[jpeg]") {
    const Bytes file = make_jpeg({});
    const auto info = jpeg::inspect(joined({file, Bytes(100)}));
    REQUIRE(info.has_value());
    CHECK(info->bytes == file.size());
}

TEST_CASE("a JPEG truncated at any byte is rejected", "[jpeg]") {
    const Bytes file = make_jpeg({.width = 16, .height = 16, .segments = {{JPEG_COM, Bytes(20)}}});
    for (std::size_t length = 0; length < file.size(); ++length) {
        INFO("cut to " << length << " bytes");
        CHECK(!jpeg::inspect(ConstByteSpan(file).first(length)).has_value());
    }
}

TEST_CASE("the error says why a file was rejected", "[jpeg]") {
    const Bytes file = make_jpeg({});
    CHECK(error_of({}) == "not a JPEG: it does not begin with FF D8 FF");
    CHECK(error_of(as_bytes("GIF89a")) == "not a JPEG: it does not begin with FF D8 FF");
    CHECK(error_of(ConstByteSpan(file).first(100)) ==
          "the JPEG is truncated: no EOI within its 100 bytes");
    CHECK(error_of(bytes_of({0xFF, 0xD8, 0xFF, 0xFE, 0, 2, 0x12, 0})) ==
          "the JPEG is damaged at byte 6: a marker is missing between segments");
}
