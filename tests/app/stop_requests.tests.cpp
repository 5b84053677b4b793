#include "app/stop_requests.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;

namespace {

constexpr Instant start{1000s};

} // namespace

TEST_CASE("the first signal asks to stop, and one after it to stop at once") {
    StopRequests requests;
    CHECK(requests.take(start) == StopRequests::Meaning::stop);
    CHECK(requests.take(start + 1s) == StopRequests::Meaning::at_once);
}

TEST_CASE("what a wrapper sends twice is one request") {
    StopRequests requests;
    CHECK(requests.take(start) == StopRequests::Meaning::stop);
    CHECK(requests.take(start) == StopRequests::Meaning::repeated);
    CHECK(requests.take(start + StopRequests::repeat_time_max - 1ns) ==
          StopRequests::Meaning::repeated);
    // Repeats do not put off the time from which on a signal counts.
    CHECK(requests.take(start + StopRequests::repeat_time_max) == StopRequests::Meaning::at_once);
}
