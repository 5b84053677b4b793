#include "draw/placeholder_worker.hpp"

#include <catch2/catch_test_macros.hpp>

#include "jpeg/frame_scanner.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::draw {

namespace {

using test::FakeEngine;

struct Bench : test::Driven {
    Bench() : painter(std::move(PlaceholderWorker::create(engine).value())) {}
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override {
        painter->stop();
        until([this] { return painter->stopped(); });
        CHECK(engine.operations.empty());
    }
    void take(const io::Completion& completion) override {
        CHECK(completion.token.kind == io::OpKind::painter);
        painter->on_completion(completion);
    }

    std::unique_ptr<PlaceholderWorker> painter;
};

io::StreamId id_of(std::uint32_t index) {
    return {index, 1};
}

jpeg::ScanResult scan(ConstByteSpan picture) {
    return jpeg::FrameScanner(picture.size()).scan(picture);
}

} // namespace

TEST_CASE("a picture is painted in the requested size") {
    Bench bench;
    CHECK(bench.painter->picture(id_of(2)).empty());
    bench.painter->request(id_of(2), "door", "input ended", 640, 360);
    bench.until([&] { return !bench.painter->picture(id_of(2)).empty(); });
    const ConstByteSpan picture = bench.painter->picture(id_of(2));
    const jpeg::ScanResult found = scan(picture);
    CHECK(found.outcome == jpeg::ScanOutcome::frame);
    CHECK(found.bytes == picture.size());
    CHECK(found.width == 640);
    CHECK(found.height == 360);
    CHECK(bench.painter->picture(id_of(0)).empty());
    CHECK(bench.painter->picture(id_of(7)).empty());
}

TEST_CASE("an excessive size is painted smaller") {
    Bench bench;
    bench.painter->request(id_of(0), "door", "input ended", 65535, 65535);
    bench.painter->request(id_of(1), "yard", "input ended", 1, 65535);
    bench.until([&] {
        return !bench.painter->picture(id_of(0)).empty() &&
               !bench.painter->picture(id_of(1)).empty();
    });
    CHECK(scan(bench.painter->picture(id_of(0))).height == 1080);
    CHECK(scan(bench.painter->picture(id_of(1))).height == 1080);
}

TEST_CASE("only the newest request of a stream is answered") {
    Bench bench;
    for (std::uint16_t width = 100; width <= 200; ++width) {
        bench.painter->request(id_of(0), "door", "the program is starting", width, 80);
        bench.painter->request(id_of(1), "yard", "the program is starting", width, 90);
    }
    bench.until([&] {
        return !bench.painter->picture(id_of(0)).empty() &&
               !bench.painter->picture(id_of(1)).empty();
    });
    CHECK(scan(bench.painter->picture(id_of(0))).width == 200);
    CHECK(scan(bench.painter->picture(id_of(1))).width == 200);
    CHECK(scan(bench.painter->picture(id_of(1))).height == 90);
    // A new request hides the old picture until it is answered.
    bench.painter->request(id_of(0), "door", "input ended", 300, 80);
    CHECK(bench.painter->picture(id_of(0)).empty());
    CHECK_FALSE(bench.painter->picture(id_of(1)).empty());
    bench.until([&] { return !bench.painter->picture(id_of(0)).empty(); });
    CHECK(scan(bench.painter->picture(id_of(0))).width == 300);
}

TEST_CASE("a painter whose server could not start is destroyed without the loop") {
    FakeEngine engine;
    REQUIRE(PlaceholderWorker::create(engine).has_value());
}

TEST_CASE("a painter with pending requests can be stopped") {
    Bench bench;
    for (std::uint32_t stream = 0; stream < 50; ++stream) {
        bench.painter->request(id_of(stream), "door", "input ended", 1920, 1080);
    }
    bench.painter->stop();
    bench.until([&] { return bench.painter->stopped(); });
}

} // namespace ringcast::draw
