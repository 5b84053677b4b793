#include "os/mapped_memory.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace ringcast::os {

std::size_t system_page_bytes() noexcept {
    const long bytes = ::sysconf(_SC_PAGESIZE);
    RINGCAST_ASSERT(bytes > 0);
    return static_cast<std::size_t>(bytes);
}

Result<MappedMemory> MappedMemory::create(std::size_t bytes) {
    RINGCAST_ASSERT(bytes > 0);
    const std::size_t page = system_page_bytes();
    if (bytes > std::numeric_limits<std::size_t>::max() - page) {
        return fail("can't map " + std::to_string(bytes) + " bytes: more than the address space");
    }
    const std::size_t rounded = (bytes + page - 1) / page * page;
    void* const start =
        ::mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return fail("can't map " + std::to_string(rounded >> 20U) + " MiB for frames: " +
                    std::strerror(errno) + "; use fewer or smaller slots (see [memory])");
    }
    MappedMemory memory(ByteSpan(static_cast<std::byte*>(start), rounded));
    if (::madvise(start, rounded, MADV_DONTFORK) != 0) {
        return fail(std::string("can't exclude the frames' memory from child processes: ") +
                    std::strerror(errno));
    }
    return memory;
}

Result<void> MappedMemory::populate() const {
    constexpr int populate_write = 23; // MADV_POPULATE_WRITE, which older headers lack
    if (::madvise(bytes_.data(), bytes_.size(), populate_write) != 0 && errno == ENOMEM) {
        return fail("there is no memory for " + std::to_string(bytes_.size() >> 20U) +
                    " MiB of frames; use fewer or smaller slots (see [memory])");
    }
    return {};
}

MappedMemory& MappedMemory::operator=(MappedMemory&& other) noexcept {
    if (this != &other) {
        unmap();
        bytes_ = std::exchange(other.bytes_, ByteSpan{});
    }
    return *this;
}

void MappedMemory::unmap() noexcept {
    if (!bytes_.empty()) {
        RINGCAST_ASSERT(::munmap(bytes_.data(), bytes_.size()) == 0);
        bytes_ = {};
    }
}

} // namespace ringcast::os
