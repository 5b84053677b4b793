#pragma once
// Renditions and turned streams in the simulation: workers that take a random time for a picture, and
// their memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/immovable.hpp"
#include "frame/frame_arena.hpp"
#include "relay/relay.hpp"
#include "relay/renditions.hpp"
#include "rendition/rendition_source.hpp"
#include "rendition/transformed_source.hpp"
#include "sim/arena_memory.hpp"
#include "sim/decisions.hpp"
#include "sim/frame_log.hpp"
#include "sim/sim_engine.hpp"
#include "source/picture_workers.hpp"
#include "stream/settings.hpp"

namespace ringcast::sim {

struct WorkersSetup {
    std::uint32_t count = 2;
    Duration time_max = std::chrono::milliseconds(40); ///< for one picture
    io::OpToken token{io::OpKind::pictures, 0, 1};     ///< of their operations
    bool for_renditions = true;                        ///< else for the pictures of a stream itself
};

class SimPictureWorkers final : public source::PictureWorkers {
public:
    SimPictureWorkers(SimEngine& engine, FrameLog& log, const WorkersSetup& setup);

    [[nodiscard]] std::uint32_t idle() const noexcept override { return setup_.count - busy_; }
    [[nodiscard]] bool begin(const source::PictureTask& task) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] std::optional<source::PictureAnswer> next_answer() noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return stopped_; }

    [[nodiscard]] std::uint32_t busy() const noexcept { return busy_; }
    /// The first error that the workers detected; empty if none.
    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }

private:
    struct Job {
        source::PictureTask task;
        Picture original;
    };

    void arm();
    void finish(const Job& job);
    void end_reading();

    SimEngine& engine_;
    FrameLog& log_;
    WorkersSetup setup_;
    std::uint32_t busy_ = 0;               ///< until the answer was taken
    std::vector<std::optional<Job>> jobs_; ///< of each worker
    std::deque<source::PictureAnswer> answers_;
    int event_;
    std::array<std::byte, 8> event_count_{};
    bool reading_ = false;
    bool stopping_ = false;
    bool closing_ = false;
    bool stopped_ = false;
    std::string complaint_;
};

class SimRenditionMaker final : public relay::RenditionMaker {
public:
    SimRenditionMaker(SimEngine& engine, FrameLog& log, Decisions& decisions,
                      const frame::SlotGeometry& geometry, http::Boundary boundary);

    [[nodiscard]] Result<Made> make(stream::Stream& original,
                                    const stream::RenditionSpec& spec) override;
    void added(io::StreamId id) noexcept override;
    void discard() noexcept override { made_.pop_back(); }

    /// Gives back what the relay does not use any more.
    void return_unused(const relay::Relay& relay);
    /// The first error that was detected; empty if none.
    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }
    [[nodiscard]] std::size_t count() const noexcept { return made_.size(); }

private:
    struct Rendition {
        std::unique_ptr<ArenaMemory> memory;
        std::unique_ptr<frame::FrameArena> arena;
        std::unique_ptr<rendition::RenditionSource> source;
        std::optional<io::BufferId> buffer;
        io::StreamId original;
        io::StreamId id;
    };

    SimEngine& engine_;
    FrameLog& log_;
    Decisions& decisions_;
    frame::SlotGeometry geometry_;
    http::Boundary boundary_;
    std::string complaint_;
    std::vector<Rendition> made_;
    std::vector<std::unique_ptr<ArenaMemory>> released_; ///< the kernel may still use it
};

/// A stream's pictures, turned.
class SimTurned : private Immovable {
public:
    /// Everything outlives it.
    SimTurned(SimEngine& engine, FrameLog& log, const WorkersSetup& setup,
              const stream::StreamSettings& settings, source::FrameSource& original,
              const frame::SlotGeometry& of_stream);

    [[nodiscard]] rendition::TransformedSource& source() noexcept { return *source_; }
    /// Of the original's pictures.
    [[nodiscard]] const frame::FrameArena& arena() const noexcept { return arena_; }
    /// The first error that was detected; empty if none.
    [[nodiscard]] std::string complaint() const;

private:
    ArenaMemory memory_;
    frame::FrameArena arena_;
    SimPictureWorkers* workers_ = nullptr; ///< once the source has been started
    std::unique_ptr<rendition::TransformedSource> source_;
};

} // namespace ringcast::sim
