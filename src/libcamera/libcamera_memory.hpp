#pragma once
// Where a camera of libcamera's captures into: memory that it has allocated itself, or memory of a
// dma-heap. Knows nothing of requests and of what is done with pictures.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/framebuffer_allocator.h>
#include <libcamera/stream.h>

namespace ringcast::capture {

class LibcameraMemory {
public:
    /// Takes the buffers that the stream is configured for from a heap; `heap` says whether there
    /// is one. Returns why it is not the best: empty at the best.
    [[nodiscard]] std::string take_from_heap(const libcamera::StreamConfiguration& stream);
    /// Lets libcamera allocate them. 0, or a positive errno.
    [[nodiscard]] int take_from_camera(const std::shared_ptr<libcamera::Camera>& camera,
                                       const libcamera::StreamConfiguration& stream);
    /// The camera has none of it any more.
    void release() noexcept;

    /// Valid until `release`.
    [[nodiscard]] std::vector<libcamera::FrameBuffer*> buffers() const;
    /// The heap's name; empty while there is none of a heap.
    [[nodiscard]] const std::string& heap() const noexcept { return heap_; }

private:
    std::unique_ptr<libcamera::FrameBufferAllocator> allocator_;
    libcamera::Stream* stream_ = nullptr;
    std::vector<std::unique_ptr<libcamera::FrameBuffer>> of_heap_;
    std::string heap_;
};

} // namespace ringcast::capture
