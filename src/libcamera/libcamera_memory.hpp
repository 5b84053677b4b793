#pragma once
// The memory that a camera captures into: allocated by libcamera, or from a dma-heap. Knows nothing
// of requests or of the use of pictures.

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
    /// Allocates the stream's buffers from a heap; `heap` is empty afterwards if that failed.
    /// Returns why the best heap is not used, or an empty string.
    [[nodiscard]] std::string allocate_from_heap(const libcamera::StreamConfiguration& stream);
    /// Lets libcamera allocate them. 0, or a positive errno.
    [[nodiscard]] int allocate_from_camera(const std::shared_ptr<libcamera::Camera>& camera,
                                           const libcamera::StreamConfiguration& stream);
    /// The camera must not use the memory any more.
    void release() noexcept;

    /// Valid until `release`.
    [[nodiscard]] std::vector<libcamera::FrameBuffer*> buffers() const;
    /// The heap's name; empty if no memory is from a heap.
    [[nodiscard]] const std::string& heap() const noexcept { return heap_; }

private:
    std::unique_ptr<libcamera::FrameBufferAllocator> allocator_;
    libcamera::Stream* stream_ = nullptr;
    std::vector<std::unique_ptr<libcamera::FrameBuffer>> heap_buffers_;
    std::string heap_;
};

} // namespace ringcast::capture
