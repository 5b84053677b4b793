#include "camera/frame_order.hpp"

#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::camera {

namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<std::uint32_t>;

constexpr std::size_t buffers = 4;

/// The state after a camera was opened.
FrameOrder begun() {
    FrameOrder order;
    order.begin(buffers);
    return order;
}

/// Which of these frames, captured at the usual rate, are in order.
Numbers in_order(FrameOrder& order, const Numbers& numbers) {
    Numbers passed;
    for (const std::uint32_t number : numbers) {
        if (order.in_order(number, Instant{1s + number * 33ms})) {
            passed.push_back(number);
        }
    }
    return passed;
}

} // namespace

TEST_CASE("frames that a later one has overtaken are out of order") {
    FrameOrder order = begun();
    // As uvcvideo and libcamera complete them after a damaged frame.
    CHECK(in_order(order, {0, 1, 6, 3, 4, 7, 8}) == Numbers{0, 1, 6, 7, 8});
    CHECK(order.overtaken() == 2);
}

TEST_CASE("frames whose time runs backwards are out of order, whatever their number") {
    FrameOrder order = begun();
    CHECK(order.in_order(0, Instant{10s}));
    CHECK_FALSE(order.in_order(1, Instant{9s}));
    CHECK(order.in_order(2, Instant{11s}));
}

TEST_CASE("restarted numbers are accepted after as many frames as the camera has buffers") {
    FrameOrder order = begun();
    static_cast<void>(in_order(order, {1000, 1001}));
    for (std::uint32_t number = 0; number < 6; ++number) {
        CHECK(order.in_order(number, Instant{100s + number * 33ms}) == (number >= buffers));
    }
    CHECK(order.gaps() == 0);
}

TEST_CASE("the numbers of a reopened camera may restart at once") {
    FrameOrder order = begun();
    CHECK(order.in_order(1000, Instant{1s}));
    order.begin(buffers);
    CHECK(order.in_order(0, Instant{2s}));
    CHECK(order.gaps() == 0);
}

TEST_CASE("numbers of frames may wrap round") {
    FrameOrder order = begun();
    CHECK(order.in_order(0xFFFFFFFF, Instant{1s}));
    CHECK(order.in_order(0, Instant{2s}));
    CHECK(order.in_order(1, Instant{3s}));
    CHECK(order.gaps() == 0);
}

TEST_CASE("frames that the driver dropped are counted, late ones are not") {
    FrameOrder order = begun();
    SECTION("one, and then many") {
        static_cast<void>(in_order(order, {5, 6, 8, 9, 10, 11, 12, 113, 114, 115, 116, 117}));
        CHECK(order.gaps() == 101);
    }
    SECTION("two of the seemingly missing ones arrive late") {
        static_cast<void>(in_order(order, {0, 1, 6, 3, 4, 7, 8, 9, 10, 11}));
        CHECK(order.gaps() == 2);
    }
    SECTION("none") {
        static_cast<void>(in_order(order, {7, 8, 9, 10, 11, 12, 13}));
        CHECK(order.gaps() == 0);
    }
}

} // namespace ringcast::camera
