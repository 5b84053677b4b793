#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "capture/cameras.hpp"

namespace ringcast::capture {

TEST_CASE("cameras can't be opened with a tuning file that this machine does not have") {
    std::vector<config::LibcameraConfig> streams(2);
    streams[1].tuning = "does-not-exist.json";
    const auto cameras = open_cameras(streams);
    REQUIRE_FALSE(cameras);
    CHECK(cameras.error().message.find("tuning: ") == 0);
    CHECK(cameras.error().message.find("does-not-exist.json") != std::string::npos);
}

} // namespace ringcast::capture
