#include "relay/reports.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ringcast::relay {

namespace {

/// Rendering takes at most one tenth of the loop's time, however many reports are asked for.
constexpr int pause_factor = 9;
/// On a machine so slow that rendering takes long, whoever asks is still answered in time.
constexpr Duration pause_max = std::chrono::milliseconds(250);

} // namespace

const connection::SharedText* Reports::fresh(ReportKind kind, Instant now) const noexcept {
    const Newest& newest = newest_[static_cast<std::size_t>(kind)];
    return newest.text.valid() && now - newest.rendered_at < fresh_for_ ? &newest.text : nullptr;
}

connection::SharedText Reports::add(ReportKind kind, std::string text, Instant began,
                                    Instant ended) {
    next_at_ = ended + std::min(pause_factor * (ended - began), pause_max);
    connection::SharedText shared(std::move(text), bytes_);
    if (kind != ReportKind::single) {
        Newest& newest = newest_[static_cast<std::size_t>(kind)];
        newest.text = shared.share();
        newest.rendered_at = ended;
    }
    return shared;
}

Instant Reports::deadline(Instant now) noexcept {
    Instant earliest = never;
    for (std::size_t i = 0; i < report_kind_count; ++i) {
        if (waiters_[i].empty()) {
            continue;
        }
        if (fresh(static_cast<ReportKind>(i), now) != nullptr) {
            return now;
        }
        const Instant rendered_at = memory_full() ? never : next_at_;
        earliest = std::min({earliest, rendered_at, waiters_[i].front().deadline()});
    }
    return earliest;
}

std::size_t Reports::kept_bytes() const noexcept {
    std::size_t sum = 0;
    for (const Newest& newest : newest_) {
        sum += newest.text.valid() ? newest.text.text().size() : 0;
    }
    return sum;
}

} // namespace ringcast::relay
