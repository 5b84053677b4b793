// Runs the tests where io_uring is available; otherwise prints why it is not and exits with 77.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <catch2/catch_session.hpp>

#include <sys/resource.h>

#include "uring/uring_engine.hpp"

namespace {

/// Servers and hundreds of their viewers run in this process.
void raise_open_files_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
}

} // namespace

int main(int argument_count, char** arguments) {
    raise_open_files_limit();
    if (const auto engine = ringcast::uring::UringEngine::create({}); !engine) {
        std::printf("NOT TESTED: %s\n", engine.error().message.c_str());
        const char* const ci = std::getenv("CI");
        constexpr int not_tested = 77;
        return ci != nullptr && std::string_view(ci) == "true" ? EXIT_FAILURE : not_tested;
    }
    return Catch::Session().run(argument_count, arguments);
}
