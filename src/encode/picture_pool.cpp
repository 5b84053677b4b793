#include "encode/picture_pool.hpp"

namespace ringcast::encode {

namespace {

TargetSize target_size(const source::PictureTarget& target) noexcept {
    return target.eighths > 0 ? TargetSize::of_eighths(target.eighths)
                              : TargetSize::fitted({target.width, target.height});
}

source::PictureFailure failure_of(TransformFailure failure) noexcept {
    switch (failure) {
    case TransformFailure::damaged:
        return source::PictureFailure::damaged;
    case TransformFailure::does_not_fit:
        return source::PictureFailure::oversized;
    case TransformFailure::out_of_memory:
        return source::PictureFailure::no_memory;
    case TransformFailure::unsupported:
        break;
    }
    return source::PictureFailure::unsupported;
}

} // namespace

Result<std::unique_ptr<PicturePool>> PicturePool::create(io::Engine& engine, io::OpToken token,
                                                         TransformPool::ReadClock read_clock,
                                                         TransformPool::Limits limits) {
    auto pool = TransformPool::create(engine, token, read_clock, limits);
    if (!pool) {
        return tl::unexpected(pool.error());
    }
    return std::make_unique<PicturePool>(std::move(*pool));
}

bool PicturePool::begin(const source::PictureTask& task) noexcept {
    TransformPool::Job job;
    job.ticket = task.ticket;
    job.jpeg = task.jpeg;
    if (task.raw != nullptr) {
        job.raw = *task.raw;
        job.dmabufs = task.dmabufs;
    }
    job.transform.target = target_size(task.target);
    job.transform.quality = task.target.quality;
    job.transform.rotate = task.target.turn.rotate;
    job.transform.mirror = task.target.turn.mirror;
    job.transform.overlay = task.overlay;
    job.transform.captured = task.captured;
    job.into = task.into;
    return pool_->submit(job);
}

std::optional<source::PictureAnswer> PicturePool::next_answer() noexcept {
    if (answers_.empty()) {
        return std::nullopt;
    }
    const TransformPool::Answer& from = answers_.front();
    answers_ = answers_.subspan(1);
    source::PictureAnswer answer;
    answer.ticket = from.ticket;
    answer.time = from.time;
    if (from.result) {
        answer.bytes = from.result->bytes;
        answer.width = static_cast<std::uint16_t>(from.result->width);
        answer.height = static_cast<std::uint16_t>(from.result->height);
        answer.lossless = from.result->how == TransformedPicture::How::lossless;
    } else {
        answer.failure = failure_of(from.result.error().failure);
        answer.reason = from.result.error().reason;
    }
    return answer;
}

} // namespace ringcast::encode
