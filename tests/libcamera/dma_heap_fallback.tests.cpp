#include "libcamera/dma_heap_fallback.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::capture {

TEST_CASE("a heap into which frames were captured may be used again") {
    DmaHeapFallback fallback;
    CHECK(fallback.reason().empty());
    fallback.on_started("vidbuf_cached");
    fallback.confirm();
    fallback.on_stopped();
    CHECK(fallback.reason().empty());
}

TEST_CASE("a heap into which no frame was captured is not used again, and the reason says so") {
    DmaHeapFallback fallback;
    fallback.on_started("vidbuf_cached");
    fallback.confirm();
    fallback.on_stopped();
    fallback.on_started("vidbuf_cached");
    fallback.on_stopped();
    CHECK(fallback.reason() == "no frame was captured into memory from vidbuf_cached");
    fallback.on_started("");
    fallback.confirm();
    fallback.on_stopped();
    CHECK(fallback.reason() == "no frame was captured into memory from vidbuf_cached");
}

TEST_CASE("a camera without frames in its own memory does not rule out a heap") {
    DmaHeapFallback fallback;
    fallback.on_started("");
    fallback.on_stopped();
    fallback.on_stopped();
    CHECK(fallback.reason().empty());
}

TEST_CASE("a fallback at the start is withdrawn if the memory was not the cause") {
    DmaHeapFallback fallback;
    fallback.fall_back("it does not start");
    CHECK(fallback.reason() == "it does not start");
    fallback.withdraw();
    CHECK(fallback.reason().empty());
}

} // namespace ringcast::capture
