#pragma once
// Decides whether a camera uses memory allocated by libcamera instead of memory from a dma-heap. A
// driver may reject a heap's memory when the camera is started, or only when it captures into it;
// then no frame ever arrives. A camera with a loose cable delivers no frame either, so that alone
// does not rule out the heap for good. No I/O, no clock.

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace ringcast::capture {

class DmaHeapFallback {
public:
    /// A heap is tried again at the first opening after this time. Trying an unusable heap costs
    /// the time until a silent camera is reopened, ten seconds; not using a usable one makes
    /// encoding several times slower.
    static constexpr Duration retry_after = std::chrono::hours(1);

    /// Why no heap's memory is used at this opening; empty if it may be used.
    [[nodiscard]] const std::string& reason(Instant now) noexcept {
        if (now - since_ >= retry_after) {
            reason_.clear();
        }
        return reason_;
    }
    void fall_back(std::string reason, Instant now) {
        reason_ = std::move(reason);
        since_ = now;
    }
    /// The memory was not the cause of the failure.
    void withdraw() noexcept { reason_.clear(); }

    /// The camera was started with memory from this heap, or from libcamera if `heap` is empty.
    void on_started(std::string_view heap) {
        started_ = true;
        heap_ = heap;
        confirmed_.store(false);
    }
    /// A frame has arrived, or there is another reason why none does. May be called by any thread.
    void confirm() noexcept { confirmed_.store(true); }
    /// The camera was stopped, after enough time for a frame. No-op if it was not started.
    void on_stopped(Instant now) {
        if (!std::exchange(started_, false) || confirmed_.load()) {
            return;
        }
        if (heap_.empty()) {
            withdraw(); // no frame arrives in libcamera's memory either
        } else {
            fall_back("no frame was captured into memory from " + heap_, now);
        }
    }

private:
    std::string reason_;
    Instant since_{}; ///< when `reason_` was set
    bool started_ = false;
    std::string heap_; ///< of the running camera
    std::atomic<bool> confirmed_{false};
};

} // namespace ringcast::capture
