#include "stream/loss_counts.hpp"

#include <algorithm>
#include <new>

namespace ringcast::stream {

void LossCounts::add(std::string_view reason) noexcept {
    auto found = std::ranges::find(counts_, reason, &LossCount::reason);
    if (found == counts_.end() && counts_.size() >= reasons_max) {
        reason = other_reasons;
        found = std::ranges::find(counts_, reason, &LossCount::reason);
    }
    if (found != counts_.end()) {
        ++found->count;
        return;
    }
    try {
        counts_.push_back({std::string(reason), 1});
    } catch (const std::bad_alloc&) {
        return; // it is missing from the metrics; the stream goes on
    }
}

} // namespace ringcast::stream
