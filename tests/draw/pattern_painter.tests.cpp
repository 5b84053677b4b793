#include "draw/pattern_painter.hpp"

#include <cstdio>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

#include "draw/jpeg_encoder.hpp"
#include "draw/pattern_block.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::draw;
using namespace ringcast::test;

namespace {

struct Size {
    int width;
    int height;
};

WallTime at_microseconds(std::int64_t microseconds) {
    return WallTime(std::chrono::microseconds(microseconds));
}

DecodedPicture encoded_and_decoded(const Picture& picture, int quality) {
    JpegEncoder encoder;
    Bytes memory(16UL * 1024UL * 1024UL);
    const auto bytes = encoder.encode(picture, quality, std::nullopt, memory);
    REQUIRE(bytes.has_value());
    const auto decoded = decode_jpeg(ConstByteSpan(memory).first(*bytes));
    REQUIRE(decoded.has_value());
    return *decoded;
}

std::optional<PatternBlock> block_of(const DecodedPicture& picture) {
    return read_pattern_block(picture.rgb, static_cast<int>(picture.width),
                              static_cast<int>(picture.height));
}

} // namespace

TEST_CASE("sequence and time are read back from decoded pixels, at any size and low quality",
          "[encode]") {
    for (const Size size : {Size{144, 72},
                            {145, 73},
                            {160, 120},
                            {640, 480},
                            {1279, 719},
                            {1280, 720},
                            {720, 1280},
                            {1920, 1080}}) {
        PatternPainter painter(size.width, size.height, 30);
        for (const int quality : {10, 30, 80, 100}) {
            INFO(size.width << " x " << size.height << ", quality " << quality);
            const std::uint64_t sequence = 0x1'89AB'CDEFULL + static_cast<unsigned>(quality);
            const std::int64_t time = 1'732'333'154'123'456 + quality * 33'333;
            const auto block = block_of(
                encoded_and_decoded(painter.paint(sequence, at_microseconds(time)), quality));
            REQUIRE(block.has_value());
            CHECK(block->sequence == static_cast<std::uint32_t>(sequence));
            CHECK(block->captured_us == static_cast<std::uint64_t>(time));
        }
    }
}

TEST_CASE("the block is readable while the ball passes beneath it", "[encode]") {
    PatternPainter painter(320, 240, 30);
    for (int frame = 0; frame < 400; frame += 4) {
        const Picture& picture =
            painter.paint(static_cast<std::uint64_t>(frame), at_microseconds(frame * 33'333));
        const auto block = block_of(encoded_and_decoded(picture, 60));
        REQUIRE(block.has_value());
        REQUIRE(block->sequence == static_cast<std::uint32_t>(frame));
    }
}

TEST_CASE("a clock that was never set draws the epoch, and the last time has its microseconds") {
    PatternPainter painter(320, 240, 30);
    for (const WallTime captured : {WallTime::min(), WallTime(Duration(-1)), WallTime{}}) {
        const auto block = block_of(encoded_and_decoded(painter.paint(1, captured), 80));
        REQUIRE(block.has_value());
        CHECK(block->captured_us == 0);
    }
    const auto block = block_of(encoded_and_decoded(painter.paint(2, WallTime::max()), 80));
    REQUIRE(block.has_value());
    CHECK(block->captured_us == 9'223'372'036'854'775);
}

TEST_CASE("a picture too small for the block has none", "[encode]") {
    for (const Size size : {Size{64, 64}, {143, 72}, {144, 71}}) {
        PatternPainter painter(size.width, size.height, 30);
        CHECK(!block_of(encoded_and_decoded(painter.paint(1, at_microseconds(1)), 90)));
    }
}

TEST_CASE("a picture without a block is not read as one", "[encode]") {
    Picture picture(640, 480);
    CHECK(!block_of(encoded_and_decoded(picture, 80)));
    draw_pattern_block(picture, {1, 2});
    CHECK(block_of(encoded_and_decoded(picture, 80)) == PatternBlock{1, 2});
    fill_luma(picture, {8, 8, 8, 8}, 255); // sets the first bit, which is 0 in a block
    CHECK(!block_of(encoded_and_decoded(picture, 80)));
}

TEST_CASE("each frame differs, and earlier frames leave no trace in it", "[encode]") {
    const auto luma_of = [](const Picture& picture) {
        Bytes all;
        for (const Channel channel : {Channel::luma, Channel::blue, Channel::red}) {
            const int lines = picture.padded_height() / (channel == Channel::luma ? 1 : 2);
            for (int y = 0; y < lines; ++y) {
                append(all, std::as_bytes(picture.row(channel, y)));
            }
        }
        return all;
    };
    PatternPainter painter(640, 360, 30);
    std::vector<Bytes> frames;
    for (int frame = 0; frame < 100; ++frame) {
        frames.push_back(luma_of(
            painter.paint(static_cast<std::uint64_t>(frame), at_microseconds(frame * 33'333))));
        if (frame > 0) {
            CHECK(frames.back() != frames[frames.size() - 2]);
        }
    }
    // Only moving parts are redrawn, so remains of earlier frames would show here.
    PatternPainter fresh(640, 360, 30);
    CHECK(luma_of(fresh.paint(99, at_microseconds(99 * 33'333))) == frames.back());
}

TEST_CASE("the pattern is drawn at the extremes of size", "[encode]") {
    for (const Size size : {Size{64, 64}, {64, 4320}, {7680, 64}, {7680, 4320}, {65, 67}}) {
        PatternPainter painter(size.width, size.height, 59.94);
        const Picture& picture = painter.paint(9'999'999'999, at_microseconds(3'133'700'000));
        CHECK(picture.width() == size.width);
        CHECK(picture.height() == size.height);
    }
}

TEST_CASE("time to paint a 720p pattern frame", "[.bench]") {
    PatternPainter painter(1280, 720, 30);
    JpegEncoder encoder;
    Bytes memory(1024UL * 1024UL);
    std::int64_t frame = 0;
    BENCHMARK("paint") {
        ++frame;
        return painter.paint(static_cast<std::uint64_t>(frame), at_microseconds(frame * 33'333))
            .width();
    };
    BENCHMARK("paint and encode at quality 80") {
        ++frame;
        const Picture& picture =
            painter.paint(static_cast<std::uint64_t>(frame), at_microseconds(frame * 33'333));
        return encoder.encode(picture, 80, jpeg::Stamp{}, memory);
    };
}
