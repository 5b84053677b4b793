#include "os/dmabuf_access.hpp"

#include <cerrno>

#include <catch2/catch_test_macros.hpp>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "base/unique_fd.hpp"
#include "os/dmabuf_log.hpp"

namespace ringcast::os {

namespace {

using test::DmabufLog;
using test::inode_of;
using Calls = std::vector<DmabufLog::Call>;
using Flags = std::vector<std::uint64_t>;

UniqueFd memory() {
    UniqueFd file(::memfd_create("dmabuf", MFD_CLOEXEC));
    REQUIRE(file.valid());
    return file;
}

} // namespace

TEST_CASE("access begins and ends for each dmabuf, with the flags of its use") {
    const UniqueFd luma = memory();
    const UniqueFd colour = memory();
    const ino_t first = inode_of(luma.get());
    const ino_t second = inode_of(colour.get());
    DmabufLog log;
    {
        const DmabufAccess access({luma.get(), colour.get(), -1}, DmabufUse::read);
        CHECK(log.calls() == Calls{{first, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ},
                                   {second, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ}});
    }
    CHECK(log.calls_for(first) ==
          Flags{DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ});
    CHECK(log.calls_for(second).size() == 2);
    {
        const DmabufAccess access({luma.get(), -1, -1}, DmabufUse::read_and_write);
    }
    CHECK(log.calls_for(first)[2] == (DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
    CHECK(log.calls_for(first)[3] == (DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
}

TEST_CASE("a synchronisation that a signal interrupted is repeated") {
    const UniqueFd file = memory();
    for (const int error : {EINTR, EAGAIN}) {
        DmabufLog log;
        log.fail_next(3, error);
        {
            const DmabufAccess access({file.get(), -1, -1}, DmabufUse::read);
            CHECK(log.calls().size() == 4);
            CHECK(log.accessed(inode_of(file.get())));
        }
        CHECK(log.calls().size() == 5);
        CHECK_FALSE(log.accessed(inode_of(file.get())));
    }
}

TEST_CASE("the synchronisation of memory that is no dmabuf is not repeated") {
    const UniqueFd file = memory();
    DmabufLog log;
    log.fail_next(2, ENOTTY);
    {
        const DmabufAccess access({file.get(), -1, -1}, DmabufUse::read);
    }
    CHECK(log.calls().size() == 2);
}

} // namespace ringcast::os
