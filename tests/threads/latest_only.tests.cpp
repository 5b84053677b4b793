#include "threads/latest_only.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::threads {

TEST_CASE("a picture that arrives while none is being encoded begins at once") {
    LatestOnly<int> pictures;
    CHECK(pictures.begin() == std::nullopt);
    CHECK(pictures.offer(1) == std::nullopt);
    CHECK(!pictures.encoding());
    CHECK(pictures.begin() == 1);
    CHECK(pictures.encoding());
    CHECK(pictures.begin() == std::nullopt);
}

TEST_CASE("while a picture is being encoded the newest other one waits, and older ones are "
          "returned") {
    LatestOnly<int> pictures;
    CHECK(pictures.offer(1) == std::nullopt);
    CHECK(pictures.begin() == 1);
    CHECK(pictures.offer(2) == std::nullopt);
    CHECK(pictures.offer(3) == 2);
    CHECK(pictures.offer(4) == 3);
    CHECK(pictures.begin() == std::nullopt);
    pictures.finish();
    CHECK(pictures.begin() == 4);
    pictures.finish();
    CHECK(pictures.begin() == std::nullopt);
}

TEST_CASE("the waiting picture can be withdrawn while another is being encoded") {
    LatestOnly<int> pictures;
    CHECK(pictures.withdraw() == std::nullopt);
    CHECK(pictures.offer(1) == std::nullopt);
    CHECK(pictures.begin() == 1);
    CHECK(pictures.offer(2) == std::nullopt);
    CHECK(pictures.withdraw() == 2);
    CHECK(pictures.encoding());
    pictures.finish();
    CHECK(pictures.begin() == std::nullopt);
}

} // namespace ringcast::threads
