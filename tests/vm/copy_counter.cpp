// copy_counter: an LD_PRELOAD library that wraps memcpy, memmove and read and counts the calls of
// 1 KiB and more on the main thread, which runs ringcast's loop. The counts are four integers in a
// memory-mapped file, which RINGCAST_COPY_COUNT names, so that reading them does not disturb the
// program.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

/// Smaller copies are not frames.
constexpr std::size_t counted_bytes_min = 1024;

struct Counts {
    std::atomic<std::uint64_t> copies;
    std::atomic<std::uint64_t> copied_bytes;
    std::atomic<std::uint64_t> reads;
    std::atomic<std::uint64_t> read_bytes;
};

/// Null until the file is mapped.
Counts* counts = nullptr;

using Copy = void* (*)(void*, const void*, std::size_t);
Copy next_memcpy = nullptr;
Copy next_memmove = nullptr;

template <typename Function>
Function next(const char* name) noexcept {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool on_first_thread() noexcept {
    thread_local const bool first = ::gettid() == ::getpid();
    return first;
}

void count_copy(std::size_t bytes) noexcept {
    if (counts != nullptr && bytes >= counted_bytes_min && on_first_thread()) {
        counts->copies.fetch_add(1, std::memory_order_relaxed);
        counts->copied_bytes.fetch_add(bytes, std::memory_order_relaxed);
    }
}

ssize_t counted_read(ssize_t result) noexcept {
    if (counts != nullptr && result >= static_cast<ssize_t>(counted_bytes_min) &&
        on_first_thread()) {
        counts->reads.fetch_add(1, std::memory_order_relaxed);
        counts->read_bytes.fetch_add(static_cast<std::uint64_t>(result), std::memory_order_relaxed);
    }
    return result;
}

/// Used while the program is being loaded and the next function is not resolved yet.
void* move_bytes(void* to, const void* from, std::size_t bytes) noexcept {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (out < in) {
        for (std::size_t at = 0; at < bytes; ++at) {
            out[at] = in[at];
        }
    } else {
        for (std::size_t at = bytes; at > 0; --at) {
            out[at - 1] = in[at - 1];
        }
    }
    return to;
}

[[gnu::constructor]] void begin() noexcept {
    next_memcpy = next<Copy>("memcpy");
    next_memmove = next<Copy>("memmove");
    const char* path = std::getenv("RINGCAST_COPY_COUNT");
    if (path == nullptr) {
        return;
    }
    const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Counts)) != 0) {
        std::abort();
    }
    void* memory = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        std::abort();
    }
    ::close(file);
    counts = static_cast<Counts*>(memory);
}

} // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t bytes) noexcept;
void* memmove(void* to, const void* from, std::size_t bytes) noexcept;
// Hardened builds call these, with the size of the destination.
void* __memcpy_chk(void* to, const void* from, std::size_t bytes, std::size_t room) noexcept;
void* __memmove_chk(void* to, const void* from, std::size_t bytes, std::size_t room) noexcept;

void* memcpy(void* to, const void* from, std::size_t bytes) noexcept {
    count_copy(bytes);
    return next_memcpy == nullptr ? move_bytes(to, from, bytes) : next_memcpy(to, from, bytes);
}

void* memmove(void* to, const void* from, std::size_t bytes) noexcept {
    count_copy(bytes);
    return next_memmove == nullptr ? move_bytes(to, from, bytes) : next_memmove(to, from, bytes);
}

void* __memcpy_chk(void* to, const void* from, std::size_t bytes, std::size_t room) noexcept {
    if (bytes > room) {
        std::abort();
    }
    return memcpy(to, from, bytes);
}

void* __memmove_chk(void* to, const void* from, std::size_t bytes, std::size_t room) noexcept {
    if (bytes > room) {
        std::abort();
    }
    return memmove(to, from, bytes);
}

ssize_t read(int fd, void* to, std::size_t bytes) {
    static const auto real = next<ssize_t (*)(int, void*, std::size_t)>("read");
    return counted_read(real(fd, to, bytes));
}

ssize_t pread(int fd, void* to, std::size_t bytes, off_t offset) {
    static const auto real = next<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
    return counted_read(real(fd, to, bytes, offset));
}

ssize_t readv(int fd, const iovec* parts, int count) {
    static const auto real = next<ssize_t (*)(int, const iovec*, int)>("readv");
    return counted_read(real(fd, parts, count));
}

} // extern "C"
