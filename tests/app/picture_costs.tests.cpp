#include "app/picture_costs.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;

TEST_CASE("the costs of smaller and turned pictures are measured") {
    const PictureCosts costs = measure_picture_costs(std::chrono::milliseconds(1));
    CHECK(costs.size == config::PictureSize{1280, 720});
    CHECK(costs.jpeg_bytes > 50'000);
    CHECK(costs.half > Duration::zero());
    CHECK(costs.quarter > Duration::zero());
    CHECK(costs.turned > Duration::zero());
}
