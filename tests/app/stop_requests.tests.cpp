#include "app/stop_requests.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;
using namespace std::chrono_literals;

namespace {

constexpr Instant start{1000s};

} // namespace

TEST_CASE("the first signal stops in order, and a later one at once") {
    StopRequests requests;
    CHECK(requests.take(start) == StopRequests::Meaning::stop);
    CHECK(requests.take(start + 1s) == StopRequests::Meaning::at_once);
}

TEST_CASE("duplicates of a signal from a wrapper are one request") {
    StopRequests requests;
    CHECK(requests.take(start) == StopRequests::Meaning::stop);
    CHECK(requests.take(start) == StopRequests::Meaning::repeated);
    CHECK(requests.take(start + StopRequests::repeat_time_max - 1ns) ==
          StopRequests::Meaning::repeated);
    // Duplicates do not extend the time in which a signal counts as one.
    CHECK(requests.take(start + StopRequests::repeat_time_max) == StopRequests::Meaning::at_once);
}
