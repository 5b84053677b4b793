#include "http/chunk_decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

struct Decoded {
    std::string data;
    std::string rest; ///< not consumed
    ChunkDecoder::State state{};
};

/// Decodes `body`, which arrives in pieces of `piece_bytes`.
Decoded decode(ChunkDecoder& decoder, std::string_view body, std::size_t piece_bytes) {
    Decoded decoded;
    while (!body.empty() && decoder.state() == ChunkDecoder::State::reading) {
        std::string_view arrived = body.substr(0, piece_bytes);
        while (!arrived.empty() && decoder.state() == ChunkDecoder::State::reading) {
            const auto piece = decoder.read(std::as_bytes(std::span(arrived)));
            if (decoder.state() == ChunkDecoder::State::malformed) {
                break;
            }
            REQUIRE(piece.consumed > 0);
            decoded.data.append(reinterpret_cast<const char*>(piece.data.data()),
                                piece.data.size());
            arrived.remove_prefix(piece.consumed);
            body.remove_prefix(piece.consumed);
        }
    }
    decoded.rest = body;
    decoded.state = decoder.state();
    return decoded;
}

Decoded decode(std::string_view body, std::size_t piece_bytes) {
    ChunkDecoder decoder;
    return decode(decoder, body, piece_bytes);
}

} // namespace

TEST_CASE("a chunked body is decoded, however it arrives") {
    const std::string body =
        "4\r\nabcd\r\n1;name=\"value\"\r\ne\r\nA\r\n0123456789\r\n0\r\n\r\nnext";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        CAPTURE(piece);
        const Decoded decoded = decode(body, piece);
        CHECK(decoded.data == "abcde0123456789");
        CHECK(decoded.state == ChunkDecoder::State::ended);
        CHECK(decoded.rest == "next");
    }
}

TEST_CASE("data is passed on as soon as it arrives, without a copy") {
    ChunkDecoder decoder;
    const std::string_view text = "ff\r\nabc";
    const auto bytes = std::as_bytes(std::span(text));
    const auto piece = decoder.read(bytes);
    CHECK(piece.consumed == 7);
    CHECK(piece.data.data() == bytes.data() + 4);
    CHECK(piece.data.size() == 3);
    CHECK(decoder.state() == ChunkDecoder::State::reading);
}

TEST_CASE("trailers are read and ignored") {
    const Decoded decoded = decode("1\r\na\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", 3);
    CHECK(decoded.data == "a");
    CHECK(decoded.state == ChunkDecoder::State::ended);
}

TEST_CASE("a malformed chunk ends the body") {
    for (const std::string_view body :
         {"xyz\r\n", "-1\r\n", "1\r\nab\r\n", "ffffffffffffffffff\r\n", " 1\r\na\r\n"}) {
        CAPTURE(body);
        CHECK(decode(body, body.size()).state == ChunkDecoder::State::malformed);
        CHECK(decode(body, 1).state == ChunkDecoder::State::malformed);
    }
}

TEST_CASE("a decoder begins again with the next body") {
    ChunkDecoder decoder;
    CHECK(decode(decoder, "1\r\na\r\n0\r\n\r\n", 100).data == "a");
    CHECK(decoder.read(std::as_bytes(std::span(std::string_view("1\r\nb")))).consumed == 0);
    decoder.begin();
    CHECK(decode(decoder, "zz", 100).state == ChunkDecoder::State::malformed);
    decoder.begin();
    CHECK(decode(decoder, "2\r\nbc\r\n0\r\n\r\n", 100).data == "bc");
}

} // namespace ringcast::http
