#include "sim/sim_renditions.hpp"

#include <algorithm>
#include <utility>

#include "sim/decisions.hpp"

namespace ringcast::sim {

namespace {

constexpr std::size_t rendition_bytes_max = 400;
constexpr std::uint64_t damaged_interval = 40;
constexpr std::uint64_t refused_interval = 40;

} // namespace

// --- SimPictureWorkers ---

SimPictureWorkers::SimPictureWorkers(SimEngine& engine, FrameLog& log, const WorkersSetup& setup)
    : engine_(engine), log_(log), setup_(setup), jobs_(setup.count), event_(engine.open_event()) {}

bool SimPictureWorkers::begin(const source::PictureTask& task) noexcept {
    const auto original = log_.find(task.jpeg);
    if (!original || original->placeholder || idle() == 0 || stopping_) {
        complaint_ = "a worker was given no frame of a stream";
        return false;
    }
    if (engine_.decisions().once_in(refused_interval)) {
        engine_.decisions().note(FaultKind::rendition_refused);
        return false;
    }
    ++busy_;
    engine_.decisions().note(FaultKind::rendition_begun);
    if (!reading_) {
        arm();
    }
    const auto worker = std::ranges::find_if(jobs_, [](const auto& job) { return !job; });
    *worker = Job{task, *original};
    const auto longest = static_cast<std::uint64_t>(setup_.time_max.count());
    engine_.events().after(
        Duration(1 + static_cast<std::int64_t>(engine_.decisions().below(longest))),
        [this, worker = worker - jobs_.begin()] {
            if (auto& done = jobs_[static_cast<std::size_t>(worker)]; done) {
                finish(*std::exchange(done, std::nullopt));
            }
        });
    return true;
}

void SimPictureWorkers::finish(const Job& job) {
    const auto& [task, original] = job;
    const auto still = log_.find(task.jpeg);
    if (!still || still->number != original.number) {
        complaint_ = "a frame has changed while a worker was reading it";
    }
    source::PictureAnswer answer;
    answer.ticket = task.ticket;
    answer.width = 320;
    answer.height = 240;
    if (engine_.decisions().once_in(damaged_interval)) {
        engine_.decisions().note(FaultKind::rendition_damaged);
        answer.failure = source::PictureFailure::damaged;
    } else {
        answer.bytes = std::min(rendition_bytes_max, task.into.size());
        Picture picture = original;
        picture.derived = true;
        picture.rendition = setup_.for_renditions;
        (void)log_.make(task.into.first(answer.bytes), picture);
    }
    answers_.push_back(answer);
    engine_.signal(event_);
}

void SimPictureWorkers::arm() {
    reading_ = true;
    engine_.read(setup_.token, event_, event_count_);
}

void SimPictureWorkers::on_completion(const io::Completion&) noexcept {
    if (closing_) {
        stopped_ = true;
        return;
    }
    reading_ = false;
    if (stopping_ && busy_ == answers_.size()) {
        end_reading();
    } else {
        arm();
    }
}

std::optional<source::PictureAnswer> SimPictureWorkers::next_answer() noexcept {
    if (answers_.empty()) {
        return std::nullopt;
    }
    const source::PictureAnswer answer = answers_.front();
    answers_.pop_front();
    --busy_;
    return answer;
}

void SimPictureWorkers::end_reading() {
    closing_ = true;
    engine_.close(setup_.token, event_);
}

void SimPictureWorkers::stop() noexcept {
    if (std::exchange(stopping_, true)) {
        return;
    }
    for (auto& job : jobs_) { // those that no thread works on yet
        if (job && engine_.decisions().once_in(2)) {
            engine_.decisions().note(FaultKind::rendition_abandoned);
            job.reset();
            --busy_;
        }
    }
    if (!reading_) {
        end_reading();
    } else if (busy_ == answers_.size()) {
        engine_.cancel({}, setup_.token);
    }
}

// --- SimRenditionMaker ---

SimRenditionMaker::SimRenditionMaker(SimEngine& engine, FrameLog& log, Decisions& decisions,
                                     const frame::SlotGeometry& geometry, http::Boundary boundary)
    : engine_(engine), log_(log), decisions_(decisions), geometry_(geometry), boundary_(boundary) {}

Result<relay::RenditionMaker::Made> SimRenditionMaker::make(stream::Stream& original,
                                                            const stream::RenditionSpec& spec) {
    Rendition made;
    made.memory = std::make_unique<ArenaMemory>(geometry_.arena_bytes(), geometry_.page);
    const auto buffer = engine_.register_buffer(made.memory->bytes(), {});
    made.buffer = buffer ? std::optional<io::BufferId>(*buffer) : std::nullopt;
    made.arena = std::make_unique<frame::FrameArena>(made.memory->bytes(), geometry_, boundary_,
                                                     made.buffer);
    made.arena->set_release_hook(poison_slot);
    made.source = std::make_unique<rendition::RenditionSource>(original, spec, engine_);
    made.original = original.id();
    stream::StreamSetup setup;
    setup.name = original.name();
    setup.arena = made.arena.get();
    setup.source = made.source.get();
    setup.original = &original;
    setup.rendition = spec.name;
    Made result{std::move(setup), made.source.get()};
    made_.push_back(std::move(made));
    return result;
}

void SimRenditionMaker::added(io::StreamId id) noexcept {
    decisions_.note(FaultKind::rendition_made);
    made_.back().id = id;
    log_.note_rendition(made_.back().original, id);
}

void SimRenditionMaker::return_unused(const relay::Relay& relay) {
    std::erase_if(made_, [&](Rendition& rendition) {
        if (relay.has_stream(rendition.id)) {
            return false;
        }
        decisions_.note(FaultKind::rendition_ended);
        if (rendition.arena->free_count() != geometry_.slot_count || !rendition.source->stopped()) {
            complaint_ = "a rendition is gone, and its memory or its source is still in use";
            return false;
        }
        if (rendition.buffer) {
            engine_.release_buffer(*rendition.buffer);
        }
        released_.push_back(std::move(rendition.memory));
        return true;
    });
}

// --- SimTurned ---

namespace {

frame::SlotGeometry geometry_of_original(frame::SlotGeometry geometry) noexcept {
    geometry.slot_count = rendition::TransformedSource::slots_min;
    return geometry;
}

} // namespace

SimTurned::SimTurned(SimEngine& engine, FrameLog& log, const WorkersSetup& setup,
                     const stream::StreamSettings& settings, source::FrameSource& original,
                     const frame::SlotGeometry& of_stream)
    : memory_(geometry_of_original(of_stream).arena_bytes(), of_stream.page),
      arena_(memory_.bytes(), geometry_of_original(of_stream), http::Boundary(3, 4), std::nullopt) {
    arena_.set_release_hook(poison_slot);
    source::PictureTarget target;
    target.eighths = 8;
    target.turn.rotate = Rotation::by_90;
    const auto make_worker = [this, &engine, &log, setup](io::OpToken token) {
        WorkersSetup one = setup;
        one.count = 1;
        one.token = token;
        one.for_renditions = false;
        auto workers = std::make_unique<SimPictureWorkers>(engine, log, one);
        workers_ = workers.get();
        return Result<std::unique_ptr<source::PictureWorkers>>(std::move(workers));
    };
    source_ = std::make_unique<rendition::TransformedSource>(rendition::TransformedParts{
        engine, settings, original, arena_, Duration::zero(), target, std::nullopt, make_worker});
}

std::string SimTurned::complaint() const {
    std::size_t leased = 0;
    for (std::uint16_t slot = 0; slot < arena_.geometry().slot_count; ++slot) {
        leased += arena_.lease_count(frame::SlotIndex{slot}) > 0 ? 1U : 0U;
    }
    // The newest frame, and the one that is being turned.
    constexpr std::size_t leased_max = 2;
    if (leased > leased_max) {
        return "a turned stream holds more frames of its original than it needs";
    }
    return workers_ == nullptr ? std::string() : workers_->complaint();
}

} // namespace ringcast::sim
