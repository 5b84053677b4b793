#include "threads/latest_only.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::threads {

TEST_CASE("a picture that comes while nothing is encoded is begun at once") {
    LatestOnly<int> pictures;
    CHECK(pictures.begin() == std::nullopt);
    CHECK(pictures.offer(1) == std::nullopt);
    CHECK(!pictures.encoding());
    CHECK(pictures.begin() == 1);
    CHECK(pictures.encoding());
    CHECK(pictures.begin() == std::nullopt);
}

TEST_CASE("while one is encoded the newest of the others waits, and each older one comes back") {
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

TEST_CASE("one that waits can be withdrawn, which ends nothing") {
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
