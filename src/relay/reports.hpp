#pragma once
// Replies that take long to render, or much memory: status, metrics and the page. They are rendered
// one at a time, for a bounded share of the loop's time; those that are the same for everybody are
// shared for a while; and the memory of those under way is bounded. Knows neither routes nor how a
// report is rendered.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "connection/connection.hpp"
#include "connection/context.hpp"
#include "connection/shared_text.hpp"
#include "stream/stream.hpp"

namespace ringcast::relay {

/// In order of precedence: a flood of requests for single reports keeps nobody from the others.
enum class ReportKind : std::uint8_t {
    status,
    brief_status, ///< without viewers
    metrics,
    streams_page,
    single, ///< rendered for one request: a part of the list of viewers, a camera's controls
};
inline constexpr std::size_t report_kind_count = 5;

class Reports {
public:
    /// `fresh_for`: how long a report is shared. `bytes_max`: memory of the reports that are being
    /// sent, beside the newest one of each kind; may be exceeded by one report.
    Reports(Duration fresh_for, std::size_t bytes_max) noexcept
        : fresh_for_(fresh_for), bytes_max_(bytes_max) {}

    /// The newest report of this kind if it is new enough to be shared at `now`, else null.
    [[nodiscard]] const connection::SharedText* fresh(ReportKind kind, Instant now) const noexcept;
    /// Connections that wait for a report of this kind, oldest first.
    [[nodiscard]] stream::ConnectionList& waiters(ReportKind kind) noexcept {
        return waiters_[static_cast<std::size_t>(kind)];
    }
    /// Connections that a report is being sent to, oldest first.
    [[nodiscard]] stream::ConnectionList& replies() noexcept { return replies_; }

    /// True when the time for the next report has come.
    [[nodiscard]] bool may_render(Instant now) const noexcept { return now >= next_at_; }
    /// When somebody who waits can be answered, or has waited long enough; `never` while nobody
    /// waits.
    [[nodiscard]] Instant deadline(Instant now) noexcept;
    /// True when reports that are being sent occupy as much memory as they may.
    [[nodiscard]] bool memory_full() const noexcept { return bytes_ - kept_bytes() >= bytes_max_; }
    /// Takes a report whose rendering began and ended at these times.
    [[nodiscard]] connection::SharedText add(ReportKind kind, std::string text, Instant began,
                                             Instant ended);

    /// Memory of all reports in use.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    struct Newest {
        connection::SharedText text;
        Instant rendered_at{};
    };
    [[nodiscard]] std::size_t kept_bytes() const noexcept;

    Duration fresh_for_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    Instant next_at_{};
    std::array<Newest, report_kind_count> newest_; ///< not of `single`
    std::array<stream::ConnectionList, report_kind_count> waiters_;
    stream::ConnectionList replies_;
};

} // namespace ringcast::relay
