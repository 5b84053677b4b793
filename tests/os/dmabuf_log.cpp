#include "os/dmabuf_log.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace ringcast::test {

namespace {

std::atomic<DmabufLog*> current{nullptr};

} // namespace

ino_t inode_of(int fd) {
    struct stat status{};
    RINGCAST_ASSERT(::fstat(fd, &status) == 0);
    return status.st_ino;
}

DmabufLog::DmabufLog() {
    RINGCAST_ASSERT(current.exchange(this) == nullptr);
}

DmabufLog::~DmabufLog() {
    current = nullptr;
}

void DmabufLog::fail_next(int count, int error) {
    const std::lock_guard lock(mutex_);
    failures_ = count;
    error_ = error;
}

std::vector<DmabufLog::Call> DmabufLog::calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::vector<std::uint64_t> DmabufLog::calls_for(ino_t file) {
    std::vector<std::uint64_t> flags;
    for (const auto& [called, of_call] : calls()) {
        if (called == file) {
            flags.push_back(of_call);
        }
    }
    return flags;
}

bool DmabufLog::accessed(ino_t file) {
    const std::lock_guard lock(mutex_);
    return accesses_[file] != 0;
}

int DmabufLog::on_call(int dmabuf, std::uint64_t flags) {
    const std::lock_guard lock(mutex_);
    const ino_t file = inode_of(dmabuf);
    calls_.emplace_back(file, flags);
    if (failures_ > 0) {
        --failures_;
        return error_;
    }
    accesses_[file] += (flags & DMA_BUF_SYNC_END) != 0 ? -1 : 1;
    return 0;
}

} // namespace ringcast::test

/// Replaces the C library's function in the whole program and its libraries.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
    using ringcast::test::DmabufLog;
    std::va_list arguments;
    va_start(arguments, request);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    DmabufLog* const log = ringcast::test::current;
    if (request == DMA_BUF_IOCTL_SYNC && log != nullptr) {
        errno = log->on_call(fd, static_cast<const dma_buf_sync*>(argument)->flags);
        return errno == 0 ? 0 : -1;
    }
    return static_cast<int>(::syscall(SYS_ioctl, fd, request, argument));
}
