#include "libcamera/dma_heap_fallback.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::capture {

namespace {

using namespace std::chrono_literals;

constexpr Instant begin{100s};
constexpr auto no_frame = "no frame was captured into memory from vidbuf_cached";

/// Opens the camera with memory from the heap, or from libcamera while the heap is not used.
void open_camera(DmaHeapFallback& fallback, bool delivers, Instant now) {
    fallback.on_started(fallback.reason(now).empty() ? "vidbuf_cached" : "");
    if (delivers) {
        fallback.confirm();
    }
    fallback.on_stopped(now);
}

} // namespace

TEST_CASE("a heap into which frames were captured may be used again") {
    DmaHeapFallback fallback;
    CHECK(fallback.reason(begin).empty());
    open_camera(fallback, true, begin);
    CHECK(fallback.reason(begin).empty());
}

TEST_CASE("a heap into which no frame was captured is not used next, and the reason says so") {
    DmaHeapFallback fallback;
    open_camera(fallback, true, begin);
    open_camera(fallback, false, begin);
    CHECK(fallback.reason(begin) == no_frame);
    fallback.on_stopped(begin); // stopped already
    CHECK(fallback.reason(begin) == no_frame);
}

TEST_CASE("a heap stays unused while libcamera's memory is captured into") {
    DmaHeapFallback fallback;
    open_camera(fallback, false, begin);
    open_camera(fallback, true, begin + 1min);
    CHECK(fallback.reason(begin + DmaHeapFallback::retry_after - 1ns) == no_frame);
}

TEST_CASE("a heap is used again after a camera has delivered no frame in libcamera's memory") {
    // Its cable is loose: no memory would have helped.
    DmaHeapFallback fallback;
    open_camera(fallback, false, begin);
    open_camera(fallback, false, begin + 1min);
    CHECK(fallback.reason(begin + 1min).empty());
    open_camera(fallback, true, begin + 2min);
    CHECK(fallback.reason(begin + 2min).empty());
}

TEST_CASE("a heap is tried again after a while, and each failure begins that time anew") {
    DmaHeapFallback fallback;
    open_camera(fallback, false, begin);
    open_camera(fallback, true, begin);
    const Instant later = begin + DmaHeapFallback::retry_after;
    CHECK(fallback.reason(later).empty());
    open_camera(fallback, false, later);
    CHECK(fallback.reason(later + DmaHeapFallback::retry_after - 1ns) == no_frame);
    CHECK(fallback.reason(later + DmaHeapFallback::retry_after).empty());
}

TEST_CASE("a camera without frames in its own memory does not rule out a heap") {
    DmaHeapFallback fallback;
    fallback.on_started("");
    fallback.on_stopped(begin);
    fallback.on_stopped(begin);
    CHECK(fallback.reason(begin).empty());
}

TEST_CASE("a fallback at the start is withdrawn if the memory was not the cause") {
    DmaHeapFallback fallback;
    fallback.fall_back("it does not start", begin);
    CHECK(fallback.reason(begin) == "it does not start");
    fallback.withdraw();
    CHECK(fallback.reason(begin).empty());
}

} // namespace ringcast::capture
