#pragma once
// One stream: its newest frame and the lists of its viewers. Knows connections as members of these
// lists; requests and replies are the relay's.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "connection/connection.hpp"
#include "container/intrusive_list.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/adaptive_sends.hpp"
#include "stream/eviction.hpp"
#include "stream/follower.hpp"
#include "stream/placeholder.hpp"
#include "stream/rate_schedule.hpp"
#include "stream/settings.hpp"
#include "stream/signal.hpp"
#include "stream/snapshot_waiters.hpp"
#include "stream/statistics.hpp"
#include "stream/stream_status.hpp"

namespace ringcast::stream {

using ConnectionList =
    container::IntrusiveList<connection::Connection, connection::ConnectionListTag>;

// Limits: one function for each event of the source, of viewers and of time, and many queries.
class Stream final : public source::FrameSink {
public:
    /// `painter` may be null. Everything passed by reference or pointer outlives the stream.
    Stream(io::StreamId id, StreamSetup setup, io::Engine& engine, const StreamSettings& settings,
           source::PlaceholderPainter* painter, connection::StreamSends& sends);

    /// Starts the source. Before that the stream has viewers and a signal, and no frames.
    void start() noexcept;
    [[nodiscard]] bool started() const noexcept { return started_; }
    /// The stream replaces one of the same name, which is retired next: frames are counted on from
    /// there, so that its viewers can move over, and requests for a snapshot wait here instead. Until
    /// the first frame the signal is lost for the reason "reconfigured". Called before `start`.
    void succeed(Stream& predecessor) noexcept;
    /// The stream ends: its source stops, and no frame is published any more.
    void retire() noexcept;
    [[nodiscard]] bool retiring() const noexcept { return retiring_; }
    /// True when, after `retire`, the source uses nothing any more, such as a camera.
    [[nodiscard]] bool source_stopped() const noexcept {
        return !started_ || setup_.source->stopped();
    }
    /// True exactly when, after `retire`, nothing of the stream is in use: no operation of its
    /// source, no viewer, no frame.
    [[nodiscard]] bool gone() noexcept;

    // --- FrameSink -------------------------------------------------------------------------------
    [[nodiscard]] frame::FrameArena& arena() noexcept override { return *setup_.arena; }
    [[nodiscard]] frame::WritableSlot take_slot() noexcept override;
    void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept override;
    void signal_lost(std::string_view reason) noexcept override;
    void signal_awaited(std::string_view reason) noexcept override;
    void pause() noexcept override;
    void ended(std::string_view reason) noexcept override;

    // --- viewers ---------------------------------------------------------------------------------

    /// An idle viewer is ready for frames. A new one is sent the newest frame at once if it is
    /// fresh.
    void add_idle(connection::Connection& viewer) noexcept;
    /// True when a viewer that joins now would be sent a frame at once.
    [[nodiscard]] bool has_fresh_frame() const noexcept;
    /// True exactly when `fan_out` has something to do.
    [[nodiscard]] bool fan_out_pending() const noexcept { return !ready_.empty(); }
    /// Starts at most `sends_max` sends of the newest frame; returns how many.
    std::uint32_t fan_out(connection::ConnectionContext& context, AdaptiveSends& adaptive,
                          std::uint32_t sends_max) noexcept;
    /// A part's bytes are in the socket: records how long that took.
    void note_sent(connection::Connection& viewer, Instant started, Instant captured_at) noexcept;
    /// Tells the source whether anybody watches, when that has changed.
    void tell_watched() noexcept;
    /// Connections that wait for a snapshot of this stream.
    [[nodiscard]] SnapshotWaiters& snapshot_waiters() noexcept { return snapshot_waiters_; }
    /// The newest frame, which may be a placeholder, or old; empty before the first.
    [[nodiscard]] const frame::FrameLease& latest() const noexcept { return latest_; }

    /// The newest frame that the viewer's kernel has was captured so long ago.
    void note_delivered_age(Duration age) noexcept { statistics_.times.delivered_age.add(age); }
    /// Appends to `evictions` the connections to abort so that the source keeps finding slots.
    void choose_evictions(connection::ConnectionContext& context,
                          connection::ConnectionSlab& connections,
                          std::vector<connection::ConnectionId>& evictions) noexcept;
    [[nodiscard]] const Eviction& eviction() const noexcept { return eviction_; }

    // --- renditions ------------------------------------------------------------------------------

    /// Returns those before.
    std::vector<RenditionSpec> set_renditions(std::vector<RenditionSpec> renditions,
                                              Adapting adapting) noexcept;
    /// Of the rendition with this name; valid for as long as the stream. Throws std::bad_alloc.
    [[nodiscard]] RenditionTotals& totals_of(std::string_view rendition);
    /// The stream exists for as long as one of its renditions.
    void add_rendition() noexcept { ++renditions_made_; }
    /// A rendition is gone. What its viewers were sent is counted on here.
    void remove_rendition(const connection::SendCounters& counters) noexcept {
        --renditions_made_;
        sends_.counters += counters;
    }
    /// From now on the follower is told of frames and of the signal.
    void add_follower(Follower& follower) noexcept { followers_.push_back(follower); }
    /// A follower begins or ceases to watch, as if it were a viewer.
    void set_follower_watching(bool watching) noexcept;

    // --- time ------------------------------------------------------------------------------------

    void on_deadline(Instant now) noexcept;
    [[nodiscard]] Instant deadline() const noexcept;
    /// The painter has finished a picture.
    void on_picture() noexcept;

    // --- status ----------------------------------------------------------------------------------

    [[nodiscard]] io::StreamId id() const noexcept { return id_; }
    [[nodiscard]] const std::string& name() const noexcept { return setup_.name; }
    [[nodiscard]] source::FrameSource& source() const noexcept { return *setup_.source; }
    [[nodiscard]] const frame::FrameArena& arena() const noexcept { return *setup_.arena; }
    [[nodiscard]] const Signal& signal() const noexcept { return signal_; }
    [[nodiscard]] bool source_ended() const noexcept { return ended_; }
    /// Number of the newest frame, placeholders included; 0 before the first.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
    /// How many frames were published, placeholders included.
    [[nodiscard]] std::uint64_t frame_count() const noexcept { return ordinal_; }
    /// The stream that this one is a rendition of; null if it is none.
    [[nodiscard]] Stream* original() const noexcept { return setup_.original; }
    [[nodiscard]] Adapting adapting() const noexcept { return setup_.adapting; }
    [[nodiscard]] const std::string& rendition() const noexcept { return setup_.rendition; }
    [[nodiscard]] std::span<const RenditionSpec> renditions() const noexcept {
        return setup_.renditions;
    }
    [[nodiscard]] const FrameStatistics& statistics() const noexcept { return statistics_; }
    [[nodiscard]] const connection::StreamSends& sends() const noexcept { return sends_; }
    [[nodiscard]] bool watched() const noexcept {
        return sends_.viewers > 0 || !snapshot_waiters_.empty() || followers_watching_ > 0;
    }
    /// Everything except `is_default`.
    [[nodiscard]] StreamStatus status() const;

private:
    /// Of the stream and its renditions, so that these numbers are in the order of time.
    [[nodiscard]] std::uint64_t next_sequence() noexcept;
    void make_latest(frame::WritableSlot slot, frame::FrameInfo info) noexcept;
    void tell_signal() noexcept;
    void lose_signal(std::string_view reason) noexcept;
    void publish_placeholder() noexcept;
    void release_deferred(Instant now) noexcept;
    [[nodiscard]] Instant rate_deadline() const noexcept;
    [[nodiscard]] Instant source_deadline() const noexcept {
        return started_ ? setup_.source->deadline() : never;
    }
    void return_camera_slot() noexcept;

    io::StreamId id_;
    StreamSetup setup_;
    io::Engine& engine_;
    const StreamSettings& settings_;
    connection::StreamSends& sends_;

    Signal signal_;
    Placeholder placeholder_;
    Eviction eviction_;
    FrameStatistics statistics_;
    bool started_ = false;
    bool ended_ = false;
    bool retiring_ = false;
    bool told_watched_ = false; ///< what the source was told
    frame::FrameLease latest_;
    std::uint64_t sequence_ = 0; ///< of `latest_`
    std::uint64_t numbered_ = 0; ///< the highest one of the stream and its renditions
    std::uint64_t ordinal_ = 0;  ///< FrameInfo::ordinal of `latest_`
    std::deque<RenditionTotals> rendition_totals_; ///< of those that were made
    FollowerList followers_;
    std::uint32_t followers_watching_ = 0;
    std::uint32_t renditions_made_ = 0;

    // Each idle viewer of the stream is in exactly one of these.
    ConnectionList ready_;      ///< may be sent the newest frame, if it has not been yet
    ConnectionList up_to_date_; ///< has been sent the newest frame
    RateSchedule rate_limited_; ///< fps=N: waits for its time
    ConnectionList deferred_;   ///< slow while slots are short: waits to be served with others
    SnapshotWaiters snapshot_waiters_;

    Instant next_batch_{};             ///< of `deferred_`
    std::uint64_t batch_sequence_ = 0; ///< the frame that deferred viewers are offered together
};

} // namespace ringcast::stream
