#include "config/did_you_mean.hpp"

#include <array>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::config;

namespace {
constexpr std::array<std::string_view, 5> words{"listen", "cors_origins", "max", "level", "fps"};
}

TEST_CASE("a mistyped word finds the word that was meant") {
    CHECK(nearest("listen", words) == "listen");
    CHECK(nearest("listne", words) == "listen");
    CHECK(nearest("cors_origin", words) == "cors_origins");
    CHECK(nearest("cros-orgins", words) == "cors_origins");
    CHECK(nearest("mx", words) == "max");
    CHECK(nearest("fsp", words) == "fps");
    CHECK(nearest("levels", words) == "level");
}

TEST_CASE("a word that resembles nothing gets no hint") {
    CHECK_FALSE(nearest("", words));
    CHECK_FALSE(nearest("a", words));
    CHECK_FALSE(nearest("bitrate", words));
    CHECK_FALSE(nearest("listen_everywhere", words));
    CHECK_FALSE(nearest(std::string(1000, 'l'), words));
}
