#include "stream/loss_counts.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::stream;

TEST_CASE("losses are counted by reason, in the order in which the reasons occurred") {
    LossCounts losses;
    CHECK(losses.all().empty());
    losses.add("unplugged");
    losses.add("silent");
    losses.add("unplugged");
    REQUIRE(losses.all().size() == 2);
    CHECK(losses.all()[0].reason == "unplugged");
    CHECK(losses.all()[0].count == 2);
    CHECK(losses.all()[1].reason == "silent");
    CHECK(losses.all()[1].count == 1);
}

TEST_CASE("reasons beyond the first ones are counted together, so that their number is bounded") {
    LossCounts losses;
    for (std::size_t i = 0; i < 3 * LossCounts::reasons_max; ++i) {
        losses.add("exit code " + std::to_string(i));
    }
    losses.add("exit code 0");
    REQUIRE(losses.all().size() == LossCounts::reasons_max + 1);
    CHECK(losses.all().front().count == 2);
    CHECK(losses.all().back().reason == LossCounts::other_reasons);
    CHECK(losses.all().back().count == 2 * LossCounts::reasons_max);
}
