#include "capture/camera_jpeg_frames.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::capture {

void CameraJpegFrames::start(source::FrameSink& sink, io::StreamId stream,
                             std::uint8_t operation) noexcept {
    stream_ = stream;
    operation_ = operation;
    pool_.start(sink);
}

// --- opening and closing ---

Result<void> CameraJpegFrames::open(std::vector<CameraBuffer> buffers, config::CameraTier tier) {
    Set set;
    set.run = ++runs_;
    set.buffers = std::move(buffers);
    tier_reason_ = tier == config::CameraTier::copied ? "`tier` asks for it" : "";
    if (tier != config::CameraTier::copied) {
        const auto registered = register_buffers(set);
        if (!registered) {
            tier_reason_ = registered.error().message;
            release(set);
        }
    }
    const bool lendable = !set.registered.empty();
    if (!lendable && tier == config::CameraTier::registered) {
        set.unused = true;
        sets_.push_back(std::move(set));
        drop_finished();
        return fail("the camera's memory can't be registered, and `tier` requires it: " +
                    tier_reason_);
    }
    std::vector<camera::PoolBuffer> mapped;
    for (std::size_t i = 0; i < set.buffers.size(); ++i) {
        const CameraBuffer& buffer = set.buffers[i];
        if (lendable) {
            mapped.push_back({buffer.range(), set.registered[i]});
        } else {
            mapped.push_back({buffer.planes().front(), std::nullopt});
        }
    }
    set.number = pool_.open(mapped);
    sets_.push_back(std::move(set));
    return {};
}

Result<void> CameraJpegFrames::register_buffers(Set& set) {
    if (set.buffers.size() <= camera::CameraPool::reserve) {
        return fail(fmt::format("the camera can't lend buffers: it has {} and needs {} itself",
                                set.buffers.size(), camera::CameraPool::reserve));
    }
    for (const CameraBuffer& buffer : set.buffers) {
        auto registered =
            engine_.register_buffer(buffer.range(), io::source_token(stream_, operation_, set.run));
        if (!registered) {
            return tl::unexpected(registered.error());
        }
        set.registered.push_back(*registered);
    }
    return {};
}

void CameraJpegFrames::close() noexcept {
    pool_.close();
}

void CameraJpegFrames::release_unused() noexcept {
    while (const auto number = pool_.take_unused_set()) {
        const auto set = std::ranges::find(sets_, *number, &Set::number);
        RINGCAST_ASSERT(set != sets_.end());
        set->unused = true;
        release(*set);
    }
    drop_finished();
}

void CameraJpegFrames::release(Set& set) noexcept {
    for (const io::BufferId buffer : set.registered) {
        engine_.release_buffer(buffer);
        ++set.releasing;
    }
    set.registered.clear();
}

void CameraJpegFrames::on_completion(const io::Completion& completion) noexcept {
    for (Set& set : sets_) {
        if (completion.token == io::source_token(stream_, operation_, set.run)) {
            RINGCAST_ASSERT(set.releasing > 0);
            --set.releasing;
        }
    }
    drop_finished();
}

void CameraJpegFrames::drop_finished() noexcept {
    std::erase_if(sets_, [](const Set& set) {
        return set.unused && set.registered.empty() && set.releasing == 0;
    });
}

// --- frames ---

camera::FrameOutcome CameraJpegFrames::take(const camera::CapturedFrame& frame) noexcept {
    const camera::FrameOutcome outcome = publish(frame);
    // The processor's access to the buffer has ended when `publish` returns.
    if (outcome != camera::FrameOutcome::lent) {
        recycler_.recycle(frame.buffer);
    }
    return outcome;
}

camera::FrameOutcome CameraJpegFrames::publish(const camera::CapturedFrame& frame) noexcept {
    const os::DmabufAccess access(sets_.back().buffers[frame.buffer].dmabufs(),
                                  os::DmabufUse::read_and_write);
    return pool_.on_frame(frame);
}

std::string_view CameraJpegFrames::tier() const noexcept {
    RINGCAST_ASSERT(!sets_.empty());
    return sets_.back().registered.empty() ? "copied" : "registered";
}

} // namespace ringcast::capture
