#include "config/did_you_mean.hpp"

#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::config;

namespace {
constexpr std::array<std::string_view, 5> words{"listen", "cors_origins", "max", "level", "fps"};
}

TEST_CASE("a mistyped word finds the closest known word") {
    CHECK(closest("listen", words) == "listen");
    CHECK(closest("listne", words) == "listen");
    CHECK(closest("cors_origin", words) == "cors_origins");
    CHECK(closest("cros-orgins", words) == "cors_origins");
    CHECK(closest("mx", words) == "max");
    CHECK(closest("fsp", words) == "fps");
    CHECK(closest("levels", words) == "level");
}

TEST_CASE("a word that resembles no known word finds none") {
    CHECK_FALSE(closest("", words));
    CHECK_FALSE(closest("a", words));
    CHECK_FALSE(closest("bitrate", words));
    CHECK_FALSE(closest("listen_everywhere", words));
    CHECK_FALSE(closest(std::string(1000, 'l'), words));
}
