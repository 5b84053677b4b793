#pragma once
// What is asked of dmabufs while it lives: the tests have a function of their own before the
// system's ioctl. What stands for a dmabuf in tests is a file in memory, which the kernel itself
// has no answer for.

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace ringcast::test {

/// One at a time.
class DmabufLog {
public:
    /// The file, by its inode, because descriptors are duplicated; and the flags of
    /// DMA_BUF_IOCTL_SYNC.
    using Call = std::pair<ino_t, std::uint64_t>;

    DmabufLog();
    DmabufLog(const DmabufLog&) = delete;
    DmabufLog& operator=(const DmabufLog&) = delete;
    DmabufLog(DmabufLog&&) = delete;
    DmabufLog& operator=(DmabufLog&&) = delete;
    ~DmabufLog();

    /// The next calls are answered so: EINTR, EAGAIN.
    void fail_next(int count, int error);

    [[nodiscard]] std::vector<Call> calls();
    /// The flags of the calls for this file.
    [[nodiscard]] std::vector<std::uint64_t> calls_for(ino_t file);
    /// True while the processor's access to the file has begun and not ended.
    [[nodiscard]] bool accessed(ino_t file);

    /// 0, or an errno: what the test wants of this call.
    [[nodiscard]] int on_call(int dmabuf, std::uint64_t flags);

private:
    std::mutex mutex_; // encoders have threads
    std::vector<Call> calls_;
    std::map<ino_t, int> accesses_;
    int failures_ = 0;
    int error_ = 0;
};

[[nodiscard]] ino_t inode_of(int fd);

} // namespace ringcast::test
