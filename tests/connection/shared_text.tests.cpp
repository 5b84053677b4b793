#include "connection/shared_text.hpp"

#include <utility>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::connection {

TEST_CASE("a shared text is in use until its last reference is released") {
    std::size_t bytes = 0;
    SharedText first("a text", bytes);
    CHECK(bytes == 6);
    SharedText second = first.share();
    CHECK(second.text().data() == first.text().data());
    CHECK(bytes == 6); // once for both
    first.release();
    CHECK_FALSE(first.valid());
    CHECK(second.text() == "a text");
    second = SharedText("another", bytes);
    CHECK(bytes == 7);
    SharedText moved = std::move(second);
    CHECK(moved.text() == "another");
    CHECK(bytes == 7);
    {
        const SharedText last = std::move(moved);
    }
    CHECK(bytes == 0);
}

TEST_CASE("texts are counted together") {
    std::size_t bytes = 0;
    const SharedText one("one", bytes);
    {
        const SharedText three("three", bytes);
        CHECK(bytes == 8);
    }
    CHECK(bytes == 3);
}

} // namespace ringcast::connection
