#pragma once
// Decides which rendition (size) of a stream an adapting viewer is sent. No I/O, no clock: the caller
// passes times and what the kernel knows about the socket.
//
// - A viewer begins with the largest rendition. It moves down when at least three sends were longer
//   than a frame period and, the longest wait apart, it got less than three quarters of the frames.
//   One long wait is a stall: of the server, of a reader, of the path. Where the kernel says that the
//   path carries the rendition, that its rate rises, or that nothing queues, it moves only if that
//   lasts.
// - It moves down to the largest rendition that the measured rate carries: the kernel's delivery rate,
//   at most what the socket took.
// - It moves up by one after a probe: a single frame of the next larger rendition that was
//   acknowledged within a frame period, beside the round trip. The kernel's rate can't tell, because
//   with small frames it is that of the frames (app-limited). Failed probes become rarer.
// - A probe that failed although nothing queues on the path has found the sender's window or rate,
//   which small frames keep small: Reno opens a window by a packet in each round trip, BBR tries a
//   higher rate in one of eight, and both only while there is enough to send. So larger frames follow
//   one another, a trial, as long as what is acknowledged rises and nothing queues.
// - A move up that does not last makes later ones harder, so that no link moves a viewer up and down.
// - Below the largest rendition, and when sends are slow, a frame is held back (skipped) while more than
//   100 ms of data wait on the path. Otherwise a queue that has once grown, by a larger frame or
//   in a network's buffer, would make all later frames old: one of 2 Mbit/s that is filled with 87 % of
//   its rate takes 8 s to drain 256 KiB.
//
// Quality does not fall before size: requantising costs more than scaling while decoding (4.6 to 6.1 ms
// instead of 3.8 for 1280x720) and saves fewer bytes, and each quality would be one more rendition to
// encode.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

/// What a rendition costs a link.
struct RenditionCost {
    std::uint64_t pixels = 0;
    /// Mean size; 0 if none has been made yet: then it is estimated from the number of pixels.
    std::uint64_t bytes_per_frame = 0;
    double frames_per_second = 0.0; ///< as the viewer is sent them
};
/// The renditions of a stream, the largest one first; at least one, whose size is known.
using RenditionCosts = std::span<const RenditionCost>;

class Adaptation {
public:
    struct Choice {
        std::uint8_t rendition = 0; ///< index in the list
        bool probe = false;         ///< larger than the viewer's own rendition, for this frame only
        bool hold = false;          ///< do not send this frame; ask again with the next one
    };

    /// True if the next call needs the socket's progress: a system call. Never on a link that is good
    /// enough for the largest rendition.
    [[nodiscard]] bool wants_progress(Instant now) const noexcept {
        return level_ > 0 || window_.slow > 0 || (begun_ != never && now - begun_ > period_);
    }
    /// The next choice is a probe, unless it is to hold the frame back.
    [[nodiscard]] bool probe_due(Instant now) const noexcept;
    /// The viewer is idle and could be sent a new frame. Unless the answer is to hold, its send begins
    /// now, and the next call is `on_frame_sent`.
    [[nodiscard]] Choice choose(RenditionCosts costs, const io::SocketProgress& progress,
                                Instant now) noexcept;
    /// All bytes of the frame are in the socket. `rendition` is the one that was sent, which may be
    /// another one than was chosen; a probe that was not sent is asked for again.
    void on_frame_sent(RenditionCosts costs, std::uint8_t rendition, std::uint64_t bytes,
                       const io::SocketProgress& progress, Instant now) noexcept;

    /// The viewer's own rendition.
    [[nodiscard]] std::uint8_t rendition() const noexcept { return level_; }
    /// When it became so; when the viewer began, if it has not moved.
    [[nodiscard]] Instant moved_at() const noexcept { return moved_at_; }
    /// True between `choose` and `on_frame_sent`.
    [[nodiscard]] bool sending() const noexcept { return begun_ != never; }
    /// Bytes per second that the link is known to carry; 0: unknown, as on good links.
    [[nodiscard]] double rate() const noexcept { return rate_; }
    [[nodiscard]] std::uint32_t moves() const noexcept { return moves_; }
    [[nodiscard]] std::uint32_t probes() const noexcept { return probes_; }

private:
    /// What the viewer got and missed, for a second or a few.
    struct Window {
        Instant begun = never;
        Duration sent{};    ///< a frame period for each frame
        Duration lost{};    ///< time in which sends were longer than a period, or frames were held
        Duration longest{}; ///< the longest single wait in `lost`
        std::uint64_t bytes = 0;
        std::uint64_t rate = 0; ///< the kernel's, after half of the time to judge in; 0: not yet
        std::uint32_t slow = 0; ///< sends longer than a period, and times of holding
        Instant acked_from = never; ///< time of the first sample
        std::uint64_t acked_begin = 0;
        double acked_rate = 0.0; ///< bytes per second that were acknowledged since then
        bool held = false;
        bool last_slow = false;
    };
    struct Probe {
        bool asked = false;  ///< the send under way was chosen as a probe
        bool active = false; ///< all bytes are in the socket, not judged yet
        Instant begun{};
        std::uint64_t bytes_end =
            0;                    ///< position of its last byte, as in SocketProgress::bytes_acked
        Duration checked{};       ///< not yet acknowledged so long after `begun` and a round trip
        std::uint32_t passes = 0; ///< in a row
        Instant next{};
    };
    /// Probes that follow one another.
    struct Trial {
        bool active = false;
        Instant sampled_at{}; ///< begin of the time that `rate` is measured in
        std::uint64_t sampled_bytes = 0;
        double first_rate = 0.0; ///< bytes per second that were acknowledged
        double last_rate = 0.0;
        double rate = 0.0;        ///< when it had last risen
        double best_before = 0.0; ///< `rate` of the trials before it, since the viewer moved
        Instant risen_at{};
    };

    void note(const io::SocketProgress& progress, Instant now) noexcept;
    [[nodiscard]] bool out_of_date() const noexcept;
    [[nodiscard]] bool must_hold(RenditionCosts costs,
                                 const io::SocketProgress& progress) const noexcept;
    void note_hold(RenditionCosts costs, Instant now) noexcept;
    void judge_probe(RenditionCosts costs, const io::SocketProgress& progress,
                     Instant now) noexcept;
    void pass_probe(RenditionCosts costs, bool progress_known, Instant now) noexcept;
    void fail_probe(RenditionCosts costs, const io::SocketProgress& progress, Instant now) noexcept;
    void begin_trial(const io::SocketProgress& progress, Instant now) noexcept;
    [[nodiscard]] double sample_trial(const io::SocketProgress& progress, Instant now) noexcept;
    void evaluate(RenditionCosts costs, Instant now) noexcept;
    [[nodiscard]] bool doubtful(RenditionCosts costs, Instant now) noexcept;
    void move_down(RenditionCosts costs, Instant now) noexcept;
    void begin_window(Instant now) noexcept { window_ = {.begun = now}; }

    std::uint8_t level_ = 0;
    std::uint32_t moves_ = 0;
    std::uint32_t probes_ = 0;
    double rate_ = 0.0;
    std::uint64_t kernel_rate_ = 0; ///< the last sample
    bool app_limited_ = false;      ///< so that the link may carry more, or now less
    Duration rtt_{};
    Duration rtt_min_{}; ///< zero: unknown
    Duration period_{};
    Instant begun_ = never; ///< of the send under way
    Instant moved_at_{};    ///< or when the viewer began
    Instant up_at_ = never; ///< when it came to this rendition from a smaller one
    Instant slow_at_{};     ///< the last slow send or hold
    Instant doubted_at_ = never;
    Duration hold_{}; ///< how long frames have been held without one sent
    /// Of the last moves up that did not last, newest first.
    std::array<Instant, 2> failed_at_{never, never};
    Window window_;
    Probe probe_;
    Trial trial_;
};

} // namespace ringcast::connection
