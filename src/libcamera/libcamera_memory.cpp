#include "libcamera/libcamera_memory.hpp"

#include <utility>

#include "libcamera/dma_heap.hpp"

namespace ringcast::capture {

std::string LibcameraMemory::allocate_from_heap(const libcamera::StreamConfiguration& stream) {
    HeapMemory taken =
        capture::allocate_from_heap(dma_heap_folder, stream.frameSize, stream.bufferCount);
    heap_ = std::move(taken.heap);
    for (UniqueFd& memory : taken.memory) {
        // One plane for the whole picture, as in Raspberry Pi's own programs: all drivers that
        // expect a picture in one dmabuf accept it. Drivers that expect a dmabuf for each plane
        // reject it; with the same dmabuf for each they would write all planes to its beginning.
        libcamera::FrameBuffer::Plane whole;
        whole.fd = libcamera::SharedFD(libcamera::UniqueFD(memory.release()));
        whole.offset = 0;
        whole.length = stream.frameSize;
        heap_buffers_.push_back(std::make_unique<libcamera::FrameBuffer>(std::vector{whole}));
    }
    return std::move(taken.reason);
}

int LibcameraMemory::allocate_from_camera(const std::shared_ptr<libcamera::Camera>& camera,
                                          const libcamera::StreamConfiguration& stream) {
    allocator_ = std::make_unique<libcamera::FrameBufferAllocator>(camera);
    stream_ = stream.stream();
    const int allocated = allocator_->allocate(stream_);
    return allocated < 0 ? -allocated : 0;
}

void LibcameraMemory::release() noexcept {
    allocator_.reset();
    heap_buffers_.clear();
    heap_.clear();
}

std::vector<libcamera::FrameBuffer*> LibcameraMemory::buffers() const {
    std::vector<libcamera::FrameBuffer*> all;
    for (const auto& buffer :
         allocator_ == nullptr ? heap_buffers_ : allocator_->buffers(stream_)) {
        all.push_back(buffer.get());
    }
    return all;
}

} // namespace ringcast::capture
