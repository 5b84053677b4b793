#pragma once
// Uses a FrameScanner as a byte stream does: reads arrive in chunks of given sizes in a region that
// holds the largest frame and one read. Shared by the unit tests and the fuzz target.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::test {

struct ScanEvent {
    jpeg::ScanOutcome outcome = jpeg::ScanOutcome::need_more;
    jpeg::Damage damage = jpeg::Damage::none;
    std::size_t bytes = 0;
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    std::vector<std::byte> frame; ///< its bytes, for whole frames

    friend bool operator==(const ScanEvent&, const ScanEvent&) = default;
};

struct ScanLog {
    std::vector<ScanEvent> events;
    std::uint64_t bytes_skipped = 0;
    std::uint64_t bytes_pending = 0; ///< of a frame whose end has not come
    std::size_t tail_bytes = 0;      ///< behind the last frame, not yet known to be junk

    friend bool operator==(const ScanLog&, const ScanLog&) = default;

    [[nodiscard]] std::size_t count(jpeg::ScanOutcome outcome) const {
        return static_cast<std::size_t>(std::ranges::count(events, outcome, &ScanEvent::outcome));
    }
};

/// `chunk_sizes` are used in turn, over and over. With `eager`, everything discardable goes after
/// each read; otherwise only when the next read would not fit.
inline ScanLog scan_in_chunks(ConstByteSpan stream, std::size_t frame_bytes_max,
                              std::span<const std::size_t> chunk_sizes, bool eager) {
    jpeg::FrameScanner scanner(frame_bytes_max);
    ScanLog log;
    std::vector<std::byte> region;
    const auto discard = [&](std::size_t bytes) {
        scanner.discard(bytes);
        region.erase(region.begin(), region.begin() + static_cast<std::ptrdiff_t>(bytes));
    };
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
        const std::size_t size = std::min(chunk_sizes[turn % chunk_sizes.size()], stream.size());
        region.insert(region.end(), stream.begin(),
                      stream.begin() + static_cast<std::ptrdiff_t>(size));
        stream = stream.subspan(size);
        for (;;) {
            // A copy of exactly this size, so that a sanitizer sees every read beyond the end.
            const std::vector<std::byte> exact(region.begin(), region.end());
            const jpeg::ScanResult found = scanner.scan(exact);
            if (found.outcome == jpeg::ScanOutcome::need_more) {
                break;
            }
            ScanEvent& event = log.events.emplace_back();
            event.outcome = found.outcome;
            event.damage = found.damage;
            event.bytes = found.bytes;
            event.width = found.width;
            event.height = found.height;
            if (found.outcome == jpeg::ScanOutcome::frame) {
                const ConstByteSpan frame = ConstByteSpan(exact).subspan(found.offset, found.bytes);
                event.frame.assign(frame.begin(), frame.end());
                discard(found.end());
            }
        }
        if (eager || region.size() > frame_bytes_max) {
            discard(scanner.discardable());
        }
        // What the scanner promises, and a source's buffer is sized by.
        if (region.size() > frame_bytes_max) {
            std::fputs("the region runs full\n", stderr);
            std::abort();
        }
    }
    log.bytes_skipped = scanner.bytes_skipped();
    log.bytes_pending = scanner.pending_bytes();
    log.tail_bytes = scanner.in_frame() ? 0 : region.size() - scanner.discardable();
    return log;
}

} // namespace ringcast::test
