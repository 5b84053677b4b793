#include "metrics/histogram.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::metrics {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("the bounds of a histogram are in ascending order") {
    CHECK(std::is_sorted(TimeHistogram::bounds.begin(), TimeHistogram::bounds.end()));
}

TEST_CASE("a latency falls into the first bucket whose bound it does not exceed") {
    TimeHistogram histogram;
    histogram.add(microseconds(500)); // equal to the bound
    histogram.add(microseconds(501));
    histogram.add(milliseconds(1));
    histogram.add(seconds(10));
    histogram.add(seconds(11));
    CHECK(histogram.count_in(0) == 1);
    CHECK(histogram.count_in(1) == 2);
    CHECK(histogram.count_in(TimeHistogram::bounds.size() - 1) == 1);
    CHECK(histogram.count_in(TimeHistogram::bounds.size()) == 1);
    CHECK(histogram.count() == 5);
    CHECK(histogram.sum() == microseconds(2001) + seconds(21));
}

TEST_CASE("a negative latency counts as zero") {
    TimeHistogram histogram;
    histogram.add(milliseconds(-7));
    CHECK(histogram.count_in(0) == 1);
    CHECK(histogram.sum() == Duration::zero());
}

} // namespace ringcast::metrics
