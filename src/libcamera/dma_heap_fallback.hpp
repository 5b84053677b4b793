#pragma once
// Decides whether a camera uses memory allocated by libcamera instead of memory from a dma-heap. A
// driver may reject a heap's memory when the camera is started, or only when it captures into it;
// then no frame ever arrives. No I/O.

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace ringcast::capture {

class DmaHeapFallback {
public:
    /// Why no heap's memory is used; empty if it may be used.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    void fall_back(std::string reason) { reason_ = std::move(reason); }
    /// The memory was not the cause of the failure.
    void withdraw() noexcept { reason_.clear(); }

    /// The camera was started with memory from this heap, or from libcamera if `heap` is empty.
    void on_started(std::string_view heap) {
        heap_ = heap;
        confirmed_.store(false);
    }
    /// A frame has arrived, or there is another reason why none does. May be called by any thread.
    void confirm() noexcept { confirmed_.store(true); }
    /// The camera was stopped, after enough time for a frame. No-op if it was not started.
    void on_stopped() {
        const std::string heap = std::exchange(heap_, {});
        if (!heap.empty() && !confirmed_.load()) {
            fall_back("no frame was captured into memory from " + heap);
        }
    }

private:
    std::string reason_;
    std::string heap_; ///< of the running camera
    std::atomic<bool> confirmed_{false};
};

} // namespace ringcast::capture
