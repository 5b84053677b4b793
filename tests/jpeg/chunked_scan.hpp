#pragma once
// Drives a FrameScanner like a byte stream: data arrives in chunks of given sizes, in a region with
// room for the largest frame and one read. Shared by the unit tests and the fuzz target.

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
    std::vector<std::byte> frame; ///< the bytes of a whole frame

    friend bool operator==(const ScanEvent&, const ScanEvent&) = default;
};

struct ScanLog {
    std::vector<ScanEvent> events;
    std::uint64_t bytes_skipped = 0;
    std::uint64_t bytes_pending = 0; ///< of a frame whose end has not been received
    std::size_t tail_bytes = 0;      ///< after the last frame, possibly the beginning of another

    friend bool operator==(const ScanLog&, const ScanLog&) = default;

    [[nodiscard]] std::size_t count(jpeg::ScanOutcome outcome) const {
        return static_cast<std::size_t>(std::ranges::count(events, outcome, &ScanEvent::outcome));
    }
};

/// Uses `chunk_sizes` in rotation. With `eager`, discardable bytes are dropped after each read;
/// otherwise only when the next read would not fit.
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
            // A copy without spare capacity, so that a sanitizer detects any read beyond its end.
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
        // The scanner guarantees this, and the slots of byte streams are sized accordingly.
        if (region.size() > frame_bytes_max) {
            std::fputs("the region is full: more than frame_bytes_max bytes remain\n", stderr);
            std::abort();
        }
    }
    log.bytes_skipped = scanner.bytes_skipped();
    log.bytes_pending = scanner.pending_bytes();
    log.tail_bytes = scanner.in_frame() ? 0 : region.size() - scanner.discardable();
    return log;
}

} // namespace ringcast::test
