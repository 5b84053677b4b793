#include "libcamera/dma_heap_fallback.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::capture {

TEST_CASE("a heap into which frames come may be used again") {
    DmaHeapFallback trust;
    CHECK(trust.refusal().empty());
    trust.begin("vidbuf_cached");
    trust.prove();
    trust.end();
    CHECK(trust.refusal().empty());
}

TEST_CASE("a heap into which no frame came is not used again, and it is said why") {
    DmaHeapFallback trust;
    trust.begin("vidbuf_cached");
    trust.prove();
    trust.end();
    trust.begin("vidbuf_cached");
    trust.end();
    CHECK(trust.refusal() == "no frame came into memory of vidbuf_cached");
    trust.begin("");
    trust.prove();
    trust.end();
    CHECK(trust.refusal() == "no frame came into memory of vidbuf_cached");
}

TEST_CASE("a camera that gives nothing with memory of its own says nothing of a heap") {
    DmaHeapFallback trust;
    trust.begin("");
    trust.end();
    trust.end();
    CHECK(trust.refusal().empty());
}

TEST_CASE("a refusal at the start holds until it turns out not to be the memory") {
    DmaHeapFallback trust;
    trust.refuse("it does not start");
    CHECK(trust.refusal() == "it does not start");
    trust.forgive();
    CHECK(trust.refusal().empty());
}

} // namespace ringcast::capture
