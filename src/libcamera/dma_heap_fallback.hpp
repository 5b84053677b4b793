#pragma once
// Whether a camera is to be given memory of a dma-heap again. A driver may refuse such memory when
// the camera is started, or only when it is to capture into it, and then no frame ever comes. Pure.

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace ringcast::capture {

class DmaHeapFallback {
public:
    /// Why the camera is not to be given such memory; empty: it may.
    [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }
    void refuse(std::string reason) { refusal_ = std::move(reason); }
    void forgive() noexcept { refusal_.clear(); }

    /// The camera runs, with memory of that heap; of its own when that is empty.
    void begin(std::string_view heap) {
        tried_ = heap;
        proven_.store(false);
    }
    /// A frame came, or there is a reason why none does. From any thread.
    void prove() noexcept { proven_.store(true); }
    /// The camera has been stopped, if it ran. After a time in which frames should have come.
    void end() {
        const std::string heap = std::exchange(tried_, {});
        if (!heap.empty() && !proven_.load()) {
            refuse("no frame came into memory of " + heap);
        }
    }

private:
    std::string refusal_;
    std::string tried_; ///< the heap of the camera that runs
    std::atomic<bool> proven_{false};
};

} // namespace ringcast::capture
