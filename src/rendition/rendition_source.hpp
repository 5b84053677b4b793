#pragma once
// The source of a rendition: takes the newest frame of the stream that it is made of whenever its
// turn comes, and publishes the smaller picture with the frame's capture time and number. It holds
// at most one frame. Without viewers it does nothing.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "source/frame_source.hpp"
#include "source/picture_workers.hpp"
#include "stream/follower.hpp"
#include "stream/settings.hpp"
#include "stream/statistics.hpp"
#include "stream/stream.hpp"

namespace ringcast::rendition {

class RenditionSource final : public source::FrameSource, public stream::Follower {
public:
    /// Everything outlives it. Throws std::bad_alloc.
    RenditionSource(stream::Stream& original, const stream::RenditionSpec& spec,
                    const io::Engine& engine);

    // --- the workers -----------------------------------------------------------------------------

    /// True exactly when there is a frame to be made smaller, now.
    [[nodiscard]] bool ready() const noexcept;
    /// The task for the newest frame; nothing if no slot is free for it. Precondition: `ready()`.
    [[nodiscard]] std::optional<source::PictureTask> begin(std::uint64_t ticket) noexcept;
    /// The task could not be begun.
    void give_back() noexcept;
    void finish(const source::PictureAnswer& answer) noexcept;
    /// The workers have stopped: a task that was not answered will not be.
    void abandon() noexcept;

    // --- FrameSource -----------------------------------------------------------------------------
    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& /*completion*/) noexcept override {}
    [[nodiscard]] Instant deadline() const noexcept override { return never; }
    void on_deadline(Instant /*now*/) noexcept override {}
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stopping_ && !working_.valid(); }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override {
        return original_.source().kind();
    }

    // --- Follower --------------------------------------------------------------------------------
    void on_frame() noexcept override;
    void on_signal() noexcept override;

private:
    void note_failure(source::PictureFailure failure, std::string_view reason) noexcept;
    void leave() noexcept;

    stream::Stream& original_;
    stream::RenditionSpec spec_;
    const io::Engine& engine_;
    source::FrameSink* sink_ = nullptr;
    bool watched_ = false;
    bool stopping_ = false;
    bool refused_ = false;      ///< such pictures can't be made smaller
    bool waiting_ = false;      ///< a frame has come that has not been taken
    std::uint64_t taken_ = 0;   ///< number of the frame that was taken last
    Instant due_{};             ///< of the next one, if the rate is limited
    frame::FrameLease working_; ///< the frame that is being made smaller
    source::RawFrame raw_;      ///< its raw picture, if that is used
    frame::WritableSlot slot_;  ///< into which it is
    source::SourceCounters counters_;
    stream::RenditionTotals& totals_;
};

} // namespace ringcast::rendition
