#include "libcamera/dma_heap.hpp"

#include <cerrno>
#include <map>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

/// Heaps with these results; others do not exist.
HeapChoice choose(const std::map<std::string_view, int>& answers) {
    return choose_heap(camera_heaps, [&answers](std::string_view heap) {
        const auto found = answers.find(heap);
        return found == answers.end() ? ENOENT : found->second;
    });
}

} // namespace

TEST_CASE("the heap for cameras is preferred, without a reason") {
    const HeapChoice choice = choose({{"vidbuf_cached", 0}, {"linux,cma", 0}, {"reserved", 0}});
    CHECK(choice.heap == "vidbuf_cached");
    CHECK(choice.reason.empty());
}

TEST_CASE("heaps that do not exist are skipped, without a reason if another one exists") {
    CHECK(choose({{"linux,cma", 0}}).heap == "linux,cma");
    CHECK(choose({{"default_cma_region", 0}, {"reserved", 0}}).heap == "default_cma_region");
    const HeapChoice old = choose({{"default-pool", 0}});
    CHECK(old.heap == "default-pool");
    CHECK(old.reason.empty());
    const HeapChoice none = choose({});
    CHECK(none.heap == std::nullopt);
    CHECK(none.reason == "this system has no dma-heap for cameras");
}

TEST_CASE("scattered pages, which not every camera can use, are never chosen") {
    CHECK(choose({{"system", 0}}).heap == std::nullopt);
}

TEST_CASE("the reason is that of the best existing heap, whether another one is usable or not") {
    const HeapChoice forbidden = choose({{"vidbuf_cached", EACCES}, {"linux,cma", ENOMEM}});
    CHECK(forbidden.heap == std::nullopt);
    CHECK(forbidden.reason == "no permission to open /dev/dma_heap/vidbuf_cached");
    const HeapChoice full = choose({{"vidbuf_cached", ENOMEM}, {"linux,cma", 0}});
    CHECK(full.heap == "linux,cma");
    CHECK(full.reason == "/dev/dma_heap/vidbuf_cached provides no memory: Cannot allocate memory");
}

TEST_CASE("a file that is not a heap provides no memory") {
    const test::TemporaryFolder folder;
    CHECK(allocate_from_heap(folder.path(), 4096, 2).memory.empty());
    folder.write("linux,cma", "no heap");
    const HeapMemory result = allocate_from_heap(folder.path(), 4096, 2);
    CHECK(result.heap.empty());
    CHECK(result.memory.empty());
    CHECK(result.reason.find("linux,cma provides no memory") != std::string::npos);
}

} // namespace ringcast::capture
