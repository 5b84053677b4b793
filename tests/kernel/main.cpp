// Runs the tests where their engine is available; otherwise prints why it is not and exits with 77. So
// it does after a test case that the machine can't run.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>

#include <sys/resource.h>

#include "kernel/not_tested.hpp"
#include "kernel/tested_engine.hpp"

namespace {

/// Servers and hundreds of their viewers run in this process.
void raise_open_files_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    }
}

/// Of the test cases that this machine could not run.
std::vector<std::string>& skipped() {
    static std::vector<std::string> reasons;
    return reasons;
}

int not_tested_exit_code() {
    const char* const ci = std::getenv("CI");
    constexpr int not_tested = 77;
    return ci != nullptr && std::string_view(ci) == "true" ? EXIT_FAILURE : not_tested;
}

} // namespace

void ringcast::test::not_tested(const std::string& reason) {
    skipped().push_back(reason);
    SKIP(reason);
}

int main(int argument_count, char** arguments) {
    raise_open_files_limit();
    if (const auto engine = ringcast::test::make_tested_engine(); !engine) {
        std::printf("NOT TESTED: %s\n", engine.error().message.c_str());
        return not_tested_exit_code();
    }
    const int result = Catch::Session().run(argument_count, arguments);
    for (const std::string& reason : skipped()) {
        std::printf("NOT TESTED: %s\n", reason.c_str());
    }
    constexpr int all_skipped = 4; // Catch2's exit code when it has run no other test case
    return !skipped().empty() && (result == EXIT_SUCCESS || result == all_skipped)
               ? not_tested_exit_code()
               : result;
}
