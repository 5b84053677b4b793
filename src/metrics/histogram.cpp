#include "metrics/histogram.hpp"

#include <algorithm>

namespace ringcast::metrics {

void LatencyHistogram::add(Duration latency) noexcept {
    latency = std::max(latency, Duration::zero());
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), latency);
    ++counts_[static_cast<std::size_t>(bucket - bounds.begin())];
    ++count_;
    sum_ += latency;
}

} // namespace ringcast::metrics
