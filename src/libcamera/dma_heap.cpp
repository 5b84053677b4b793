#include "libcamera/dma_heap.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>

namespace ringcast::capture {

namespace {

std::string problem_with(std::string_view heap, int error) {
    if (error == EACCES || error == EPERM) {
        return fmt::format("no permission to open {}/{}", dma_heap_folder, heap);
    }
    return fmt::format("{}/{} provides no memory: {}", dma_heap_folder, heap, std::strerror(error));
}

/// 0, or an errno with `memory` empty.
int allocate(const std::filesystem::path& heap, std::size_t bytes, std::size_t count,
             std::vector<UniqueFd>& memory) {
    const UniqueFd device(::open(heap.c_str(), O_RDWR | O_CLOEXEC));
    int error = device.valid() ? 0 : errno;
    while (error == 0 && memory.size() < count) {
        dma_heap_allocation_data request{};
        request.len = bytes;
        request.fd_flags = O_RDWR | O_CLOEXEC;
        if (::ioctl(device.get(), DMA_HEAP_IOCTL_ALLOC, &request) == 0) {
            memory.emplace_back(static_cast<int>(request.fd));
        } else {
            error = errno;
            memory.clear();
        }
    }
    return error;
}

} // namespace

HeapChoice choose_heap(std::span<const std::string_view> heaps,
                       const std::function<int(std::string_view)>& attempt) {
    HeapChoice choice;
    for (const std::string_view heap : heaps) {
        const int error = attempt(heap);
        if (error == 0) {
            choice.heap = heap;
            return choice;
        }
        // The reason is that of the best heap that exists.
        if (error != ENOENT && choice.reason.empty()) {
            choice.reason = problem_with(heap, error);
        }
    }
    if (choice.reason.empty()) {
        choice.reason = "this system has no dma-heap for cameras";
    }
    return choice;
}

HeapMemory allocate_from_heap(const std::filesystem::path& folder, std::size_t bytes,
                              std::size_t count) {
    HeapMemory result;
    const HeapChoice choice = choose_heap(camera_heaps, [&](std::string_view heap) {
        return allocate(folder / heap, bytes, count, result.memory);
    });
    result.heap = choice.heap.value_or(std::string_view());
    result.reason = choice.reason;
    return result;
}

} // namespace ringcast::capture
