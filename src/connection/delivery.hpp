#pragma once
// Progress of a peer in receiving what was sent to it, according to its kernel's acknowledgements.
// Distinguishes slow viewers from stuck ones. No I/O: the caller queries the kernel and passes the
// result.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

class Delivery {
public:
    /// Progress of a UNIX socket is visible in its partial results, so it needs no first sample.
    void begin(io::Transport transport, Instant now) noexcept;
    /// The kernel took bytes, or freed pages: the peer is alive.
    void note_progress(Instant now) noexcept { last_progress_ = now; }
    /// The server itself did nothing for so long: that time counts for no time-out.
    void excuse(Duration time) noexcept {
        last_progress_ += time;
        observed_since_ += time;
    }
    void note_bytes_sent(std::uint64_t bytes) noexcept { bytes_sent_ += bytes; }
    /// All bytes of a frame are in the socket. A UNIX socket is the peer's own queue.
    void note_frame_sent(io::Transport transport, Instant captured_at) noexcept;
    /// The peer's kernel has the frame. Frames may be reported in any order.
    void note_delivered(Instant captured_at) noexcept;
    /// The kernel's report. The first one is the baseline for the next.
    void on_sample(const io::SocketProgress& progress, Instant now) noexcept;

    [[nodiscard]] Instant last_progress() const noexcept { return last_progress_; }
    /// Time of the last sample.
    [[nodiscard]] Instant sampled_at() const noexcept { return sampled_at_; }
    /// Known to make no progress: observed since before `since`, and none since then.
    [[nodiscard]] bool stuck(Instant since) const noexcept {
        return known_ && observed_since_ <= since && last_progress_ <= since;
    }
    /// Known to make progress: there was progress after the first sample.
    [[nodiscard]] bool progressing() const noexcept {
        return known_ && last_progress_ > observed_since_;
    }
    /// Bytes in the socket so far, those of all replies included.
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
    /// Capture time of the newest frame that the peer's kernel is known to have; `never` if none.
    [[nodiscard]] Instant delivered_captured_at() const noexcept { return delivered_captured_at_; }

private:
    /// A frame, and the position of its last byte in the stream of bytes to the peer.
    struct Milestone {
        std::uint64_t bytes_end = 0;
        Instant captured_at = never;
    };
    /// Half a second of frames at 30 frames/s.
    static constexpr std::size_t milestones_max = 16;

    bool known_ = false; ///< there was a first sample
    Instant last_progress_{};
    Instant observed_since_{}; ///< time of the first sample
    Instant sampled_at_{};
    Instant delivered_captured_at_ = never;
    std::uint64_t bytes_sent_ = 0;
    std::uint64_t bytes_acked_ = 0;
    std::array<Milestone, milestones_max> milestones_{};
    std::uint8_t milestone_next_ = 0;
};

} // namespace ringcast::connection
