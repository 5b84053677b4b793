#include "metrics/histogram.hpp"

#include <algorithm>

namespace ringcast::metrics {

void TimeHistogram::add(Duration time) noexcept {
    time = std::max(time, Duration::zero());
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), time);
    ++counts_[static_cast<std::size_t>(bucket - bounds.begin())];
    ++count_;
    sum_ += time;
}

} // namespace ringcast::metrics
