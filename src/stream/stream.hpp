#pragma once
// One stream: its newest frame, who waits for it, and who yields when slots run short. Knows
// viewers as members of its lists; requests and connections are the relay's.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "api/status.hpp"
#include "base/time.hpp"
#include "connection/connection.hpp"
#include "container/intrusive_list.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "metrics/histogram.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/settings.hpp"

namespace ringcast::stream {

using ConnectionList =
    container::IntrusiveList<connection::Connection, connection::ConnectionListTag>;

class Stream final : public source::FrameSink {
public:
    Stream(std::uint32_t index, StreamSetup setup, io::Engine& engine,
           const StreamSettings& settings, source::PlaceholderPainter* painter);

    // --- FrameSink -------------------------------------------------------------------------------
    [[nodiscard]] frame::FrameArena& arena() noexcept override { return *setup_.arena; }
    [[nodiscard]] frame::WritableSlot take_slot() noexcept override;
    void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept override;
    void signal_lost(std::string_view reason) noexcept override;
    void pause() noexcept override;
    void ended(std::string_view reason) noexcept override;

    // --- viewers ---------------------------------------------------------------------------------

    /// An idle viewer wants frames: a new one gets the newest frame at once if it is fresh.
    void add_idle(connection::Connection& viewer) noexcept;
    /// True when a viewer that joins now would be sent something at once.
    [[nodiscard]] bool has_fresh_frame() const noexcept;
    /// True exactly when `fan_out` has something to do.
    [[nodiscard]] bool fan_out_pending() const noexcept { return !ready_.empty(); }
    /// Starts at most `sends_max` sends of the newest frame; returns how many.
    std::uint32_t fan_out(connection::ConnectionContext& context, std::uint32_t sends_max) noexcept;
    /// A send's bytes are in the socket: notes how long that took.
    void note_send_done(connection::Connection& viewer, Instant started,
                        Instant captured_at) noexcept;

    /// Tells the source whether anybody watches, when that has changed.
    void tell_watched() noexcept;
    /// The viewers that wait for a snapshot of this stream.
    [[nodiscard]] ConnectionList& snapshot_waiters() noexcept { return snapshot_waiters_; }
    /// The newest frame, which may be a placeholder, or old; empty before the first.
    [[nodiscard]] const frame::FrameLease& latest() const noexcept { return latest_; }

    // --- slots -----------------------------------------------------------------------------------

    /// True while slots are so short that slow viewers are held together.
    [[nodiscard]] bool slots_short() const noexcept;
    /// True while slots may soon be short: the time to find out who is stuck and who is only slow.
    [[nodiscard]] bool slots_halved() const noexcept;
    /// At the reserve: appends to `evictions` those who yield, so that the source keeps finding
    /// slots.
    void choose_evictions(connection::ConnectionContext& context,
                          connection::ConnectionSlab& viewers,
                          std::vector<connection::ConnectionId>& evictions) noexcept;

    // --- time ------------------------------------------------------------------------------------

    void on_deadline(Instant now) noexcept;
    [[nodiscard]] Instant deadline() const noexcept;
    /// The painter has finished a picture.
    void on_picture() noexcept;
    /// No frames any more: lets go of the newest one.
    void close() noexcept;

    // --- what is known ---------------------------------------------------------------------------

    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
    [[nodiscard]] const std::string& name() const noexcept { return setup_.name; }
    [[nodiscard]] source::FrameSource& source() noexcept { return *setup_.source; }
    [[nodiscard]] const frame::FrameArena& arena() const noexcept { return *setup_.arena; }
    [[nodiscard]] api::StreamState state() const noexcept { return state_; }
    /// Frames come, or would if anybody watched.
    [[nodiscard]] bool healthy() const noexcept {
        return state_ == api::StreamState::live || state_ == api::StreamState::paused;
    }
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
    [[nodiscard]] bool source_ended() const noexcept { return ended_; }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
    [[nodiscard]] Instant started() const noexcept { return started_; }
    void viewer_joined() noexcept { ++viewers_; }
    void viewer_left() noexcept;
    void start() noexcept;
    /// Everything but the name of the default and the sums over viewers.
    [[nodiscard]] api::StreamStatus status() const;

private:
    /// Who holds one slot; filled only while slots are short.
    struct Holders {
        std::uint64_t sequence = 0;
        std::uint32_t count = 0;
        std::uint32_t ending = 0;      ///< of these, already being aborted
        std::uint32_t stuck = 0;       ///< known to make no progress
        std::uint32_t progressing = 0; ///< known to make some

        /// Who yields first: higher is earlier.
        [[nodiscard]] int rank() const noexcept {
            return stuck + ending == count ? 2 : (progressing == 0 ? 1 : 0);
        }
    };

    [[nodiscard]] bool watched() const noexcept {
        return viewers_ > 0 || !snapshot_waiters_.empty();
    }
    void make_latest(frame::FrameLease frame) noexcept;
    void note_interval(Duration interval) noexcept;
    void lose_signal(std::string_view reason) noexcept;
    void shrink_placeholder() noexcept;
    void request_placeholder() noexcept;
    void publish_placeholder() noexcept;
    void release_deferred(Instant now) noexcept;
    void wake_due(Instant now) noexcept;
    [[nodiscard]] Duration silence_bound() const noexcept;
    /// When there is no signal for want of frames; `never` while none are to be expected.
    [[nodiscard]] Instant silence_deadline() const noexcept;
    void return_camera_slot() noexcept;
    void count_holders(connection::ConnectionContext& context,
                       connection::ConnectionSlab& viewers) noexcept;
    [[nodiscard]] std::size_t find_eviction_slot() const noexcept;

    std::uint32_t index_;
    StreamSetup setup_;
    io::Engine& engine_;
    const StreamSettings& settings_;
    source::PlaceholderPainter* painter_;

    api::StreamState state_ = api::StreamState::starting;
    bool ended_ = false;
    bool closed_ = false;
    bool paused_by_source_ = false; ///< it said so itself; else it was only silent
    bool told_watched_ = false;     ///< what the source knows
    std::string reason_;
    frame::FrameLease latest_;
    std::uint64_t sequence_ = 0;

    // Each idle viewer of the stream is in exactly one of these.
    ConnectionList ready_;        ///< may be sent the newest frame, if it has not had it
    ConnectionList up_to_date_;   ///< has had the newest frame
    ConnectionList rate_limited_; ///< fps=N: waits for its time
    ConnectionList deferred_;     ///< slow while slots are short: waits to be served with others
    ConnectionList snapshot_waiters_;

    Instant next_due_ = never;
    Instant next_batch_{};
    std::uint64_t batch_sequence_ = 0; ///< the frame that held viewers are offered together

    Instant started_{};
    Instant last_frame_at_{};
    Instant wanted_since_{}; ///< a resting source's frames
    Instant next_placeholder_ = never;
    Duration period_{};       ///< between frames, smoothed; zero before the second frame
    Duration interval_max_{}; ///< the longest recent one between frames, silences included
    std::uint16_t placeholder_width_ = 0;
    std::uint16_t placeholder_height_ = 0;
    std::uint16_t width_ = 0;
    std::uint16_t height_ = 0;
    std::uint64_t frame_bytes_last_ = 0;
    std::uint64_t frame_bytes_total_ = 0;
    std::uint64_t frames_published_ = 0;
    std::uint32_t viewers_ = 0;
    metrics::LatencyHistogram latency_;
    std::vector<Holders> holders_; ///< by slot
};

} // namespace ringcast::stream
