#include "page/files.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <zlib.h>

namespace ringcast::page {
namespace {

/// A longer file would not fit.
constexpr std::size_t plain_bytes_max = 128 * 1024;

std::string inflated(std::string_view gzip) {
    std::string plain(plain_bytes_max, '\0');
    z_stream stream{};
    std::string source(gzip);
    stream.next_in = reinterpret_cast<Bytef*>(source.data());
    stream.avail_in = static_cast<uInt>(source.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK); // 16: a gzip header
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    plain.resize(stream.total_out);
    inflateEnd(&stream);
    return plain;
}

} // namespace

TEST_CASE("each file is embedded plain and compressed, and is found by its name") {
    REQUIRE(files().size() > 10);
    CHECK(std::ranges::is_sorted(files(), {}, &File::name));
    for (const File& file : files()) {
        CAPTURE(file.name);
        CHECK_FALSE(file.plain.empty());
        CHECK(inflated(file.gzip) == file.plain);
        CHECK(find_file(file.name) == &file);
        CHECK((file.type == FileType::style) == file.name.ends_with(".css"));
    }
    CHECK(find_file("nothing.js") == nullptr);
    CHECK(find_file("") == nullptr);
}

TEST_CASE("all files together have less than 60 KB compressed") {
    std::size_t bytes = 0;
    for (const File& file : files()) {
        bytes += file.gzip.size();
    }
    CHECK(bytes < 60'000);
}

TEST_CASE("compressed files contain no time, so that builds are the same") {
    for (const File& file : files()) {
        CHECK(file.gzip.substr(4, 4) == std::string_view("\0\0\0\0", 4));
    }
}

TEST_CASE("scripts import files that exist, and load nothing from elsewhere") {
    for (const File& file : files()) {
        CAPTURE(file.name);
        for (const std::string_view quote : {"from \"./", "import(\"./"}) {
            for (std::size_t at = file.plain.find(quote); at != std::string_view::npos;
                 at = file.plain.find(quote, at + 1)) {
                const std::string_view rest = file.plain.substr(at + quote.size());
                const std::string_view name = rest.substr(0, rest.find('"'));
                CAPTURE(name);
                CHECK(find_file(name) != nullptr);
            }
        }
        CHECK(file.plain.find("url(") == std::string_view::npos);
        CHECK(file.plain.find("@import") == std::string_view::npos);
    }
}

TEST_CASE("the version has sixteen hexadecimal digits") {
    CHECK(version().size() == 16);
    CHECK(version().find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

} // namespace ringcast::page
