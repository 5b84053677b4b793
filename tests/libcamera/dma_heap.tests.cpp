#include "libcamera/dma_heap.hpp"

#include <cerrno>
#include <map>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

/// Heaps that answer so; others are not there.
HeapChoice choose(const std::map<std::string_view, int>& answers) {
    return choose_heap(camera_heaps, [&answers](std::string_view heap) {
        const auto found = answers.find(heap);
        return found == answers.end() ? ENOENT : found->second;
    });
}

} // namespace

TEST_CASE("the heap that is made for cameras comes first, without a word") {
    const HeapChoice choice = choose({{"vidbuf_cached", 0}, {"linux,cma", 0}, {"reserved", 0}});
    CHECK(choice.heap == "vidbuf_cached");
    CHECK(choice.reason.empty());
}

TEST_CASE("heaps that are not there are passed over, without a word while another one is") {
    CHECK(choose({{"linux,cma", 0}}).heap == "linux,cma");
    CHECK(choose({{"default_cma_region", 0}, {"reserved", 0}}).heap == "default_cma_region");
    const HeapChoice old = choose({{"default-pool", 0}});
    CHECK(old.heap == "default-pool");
    CHECK(old.reason.empty());
    const HeapChoice none = choose({});
    CHECK(none.heap == std::nullopt);
    CHECK(none.reason == "this system has no dma-heap for cameras");
}

TEST_CASE("a camera's memory never comes from scattered pages, which not every camera can use") {
    CHECK(choose({{"system", 0}}).heap == std::nullopt);
}

TEST_CASE("why the best heap that exists can't be had is said, whether another one can or not") {
    const HeapChoice forbidden = choose({{"vidbuf_cached", EACCES}, {"linux,cma", ENOMEM}});
    CHECK(forbidden.heap == std::nullopt);
    CHECK(forbidden.reason == "no permission to open /dev/dma_heap/vidbuf_cached");
    const HeapChoice full = choose({{"vidbuf_cached", ENOMEM}, {"linux,cma", 0}});
    CHECK(full.heap == "linux,cma");
    CHECK(full.reason == "/dev/dma_heap/vidbuf_cached gives no memory: Cannot allocate memory");
}

TEST_CASE("a file that is no heap gives no memory") {
    const test::TemporaryFolder folder;
    CHECK(allocate_from_heap(folder.path(), 4096, 2).memory.empty());
    folder.write("linux,cma", "no heap");
    const HeapMemory result = allocate_from_heap(folder.path(), 4096, 2);
    CHECK(result.heap.empty());
    CHECK(result.memory.empty());
    CHECK(result.reason.find("linux,cma gives no memory") != std::string::npos);
}

} // namespace ringcast::capture
