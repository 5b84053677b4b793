#include "encode/encode_worker.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "encode/text_overlay.hpp"

namespace ringcast::encode {

namespace {

PictureTransform transform_of(const EncodeWorker::Job& job) noexcept {
    PictureTransform transform;
    transform.rotate = job.turn.rotate;
    transform.mirror = job.turn.mirror;
    transform.overlay = job.overlay;
    transform.captured = job.captured;
    return transform;
}

} // namespace

Result<std::unique_ptr<EncodeWorker>> EncodeWorker::create(io::Engine& engine, io::OpToken token,
                                                           ReadClock read_clock, Limits limits) {
    threads::WakeEvent wake;
    if (!wake.open()) {
        return fail(std::string("can't create an event descriptor for the encoder: ") +
                    std::strerror(errno));
    }
    try {
        return std::make_unique<EncodeWorker>(engine, token, read_clock, limits, std::move(wake));
    } catch (const std::system_error& error) {
        return fail(std::string("can't start a thread for the encoder: ") + error.what());
    }
}

EncodeWorker::EncodeWorker(io::Engine& engine, io::OpToken token, ReadClock read_clock,
                           Limits limits, threads::WakeEvent wake)
    : engine_(&engine), token_(token), read_clock_(read_clock), wake_(std::move(wake)),
      encoder_(limits.workers), transformer_(limits.pixels_max), thread_([this] { run(); }) {
    wake_.read(*engine_, token_);
}

EncodeWorker::~EncodeWorker() {
    RINGCAST_ASSERT(stopped());
}

// --- the loop's side ---

void EncodeWorker::encode(const Job& job) noexcept {
    RINGCAST_ASSERT(idle());
    busy_ = true;
    jobs_.put(job);
}

std::optional<EncodeWorker::Answer>
EncodeWorker::on_completion(const io::Completion& completion) noexcept {
    if (stopped() || !(completion.token == token_)) {
        return std::nullopt;
    }
    // Read before the answer: a thread that has finished has delivered its last answer before.
    const bool finished = finished_.load(std::memory_order_acquire);
    const std::optional<Answer> answer = answers_.take();
    busy_ = busy_ && !answer.has_value();
    if (finished) {
        thread_.join(); // it has nothing left to do
    } else {
        wake_.read(*engine_, token_);
    }
    return answer;
}

void EncodeWorker::stop() noexcept {
    jobs_.close();
}

// --- the thread's side ---

void EncodeWorker::run() noexcept {
    while (const std::optional<Job> job = jobs_.wait_and_take()) {
        answers_.put(answer_to(*job));
        wake_.wake();
    }
    finished_.store(true, std::memory_order_release);
    wake_.wake();
}

EncodeWorker::Answer EncodeWorker::answer_to(const Job& job) noexcept {
    Answer answer;
    const Instant begun = read_clock_();
    {
        const bool writes = job.overlay != nullptr && job.jpeg.empty() && job.turn == PictureTurn{};
        const os::DmabufAccess access(job.dmabufs,
                                      writes ? os::DmabufUse::read_and_write : os::DmabufUse::read);
        answer.result = job.jpeg.empty()
                            ? encode_raw(job, answer.bytes_moved)
                            : transformer_.transform(job.jpeg, transform_of(job), job.into);
    }
    answer.encode_time = read_clock_() - begun;
    return answer;
}

TransformResult EncodeWorker::encode_raw(const Job& job, std::size_t& bytes_moved) noexcept {
    if (const std::string_view problem = problem_of(job.picture); !problem.empty()) {
        return tl::unexpected(TransformError{TransformFailure::unsupported, problem});
    }
    const RawPicture* const turned = turner_.scale(job.picture, transform_of(job));
    if (turned == nullptr) {
        return tl::unexpected(TransformError{TransformFailure::out_of_memory, "memory is short"});
    }
    if (job.overlay != nullptr) {
        draw_overlay(*turned, *job.overlay, job.captured);
    }
    const BandEncoder::Encoded encoded = encoder_.encode(*turned, job.quality, job.into);
    bytes_moved = encoded.bytes_moved;
    if (!encoded.bytes) {
        return tl::unexpected(
            TransformError{TransformFailure::does_not_fit, "the result does not fit"});
    }
    return TransformedPicture{*encoded.bytes, turned->width, turned->height,
                              TransformedPicture::How::recompressed};
}

} // namespace ringcast::encode
