#pragma once
// Records the DMA_BUF_IOCTL_SYNC calls of a test. The tests define an ioctl of their own that
// replaces the C library's. In tests a file in memory takes the place of a dmabuf, because the
// kernel would refuse these calls for it.

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace ringcast::test {

/// Records calls during its lifetime. Only one may exist at a time.
class DmabufLog {
public:
    /// The file's inode (descriptors may be duplicated) and the flags of DMA_BUF_IOCTL_SYNC.
    using Call = std::pair<ino_t, std::uint64_t>;

    DmabufLog();
    DmabufLog(const DmabufLog&) = delete;
    DmabufLog& operator=(const DmabufLog&) = delete;
    DmabufLog(DmabufLog&&) = delete;
    DmabufLog& operator=(DmabufLog&&) = delete;
    ~DmabufLog();

    /// The next `count` calls fail with `error`.
    void fail_next(int count, int error);

    [[nodiscard]] std::vector<Call> calls();
    /// The flags of the calls for this file.
    [[nodiscard]] std::vector<std::uint64_t> calls_for(ino_t file);
    /// True while the processor's access to the file has begun and not ended.
    [[nodiscard]] bool accessed(ino_t file);

    /// Records a call. Returns 0, or the errno with which the call has to fail.
    [[nodiscard]] int on_call(int dmabuf, std::uint64_t flags);

private:
    std::mutex mutex_; // encoders call from threads of their own
    std::vector<Call> calls_;
    std::map<ino_t, int> accesses_;
    int failures_ = 0;
    int error_ = 0;
};

[[nodiscard]] ino_t inode_of(int fd);

} // namespace ringcast::test
