// Runs the tests where io_uring can be had; says so where it can't.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <catch2/catch_session.hpp>

#include "uring/uring_ring.hpp"

int main(int argument_count, char** arguments) {
    if (const auto ring = ringcast::uring::UringRing::create({}); !ring) {
        std::printf("NOT TESTED: %s\n", ring.error().message.c_str());
        const char* const ci = std::getenv("CI");
        constexpr int not_tested = 77;
        return ci != nullptr && std::string_view(ci) == "true" ? EXIT_FAILURE : not_tested;
    }
    return Catch::Session().run(argument_count, arguments);
}
