#include "os/dmabuf_access.hpp"

#include <cerrno>
#include <cstdint>

#include <linux/dma-buf.h>
#include <sys/ioctl.h>

namespace ringcast::os {

namespace {

void synchronise(const Dmabufs& dmabufs, DmabufUse use, std::uint64_t phase) noexcept {
    // A signal may interrupt the call while it waits for the device.
    constexpr int tries_max = 16;
    for (const int dmabuf : dmabufs) {
        dma_buf_sync request{};
        request.flags = phase | (use == DmabufUse::read ? DMA_BUF_SYNC_READ : DMA_BUF_SYNC_RW);
        // A descriptor that is no dmabuf fails with ENOTTY and needs no synchronisation.
        for (int i = 0; dmabuf >= 0 && i < tries_max; ++i) {
            if (ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &request) == 0 ||
                (errno != EINTR && errno != EAGAIN)) {
                break;
            }
        }
    }
}

} // namespace

DmabufAccess::DmabufAccess(const Dmabufs& dmabufs, DmabufUse use) noexcept
    : dmabufs_(dmabufs), use_(use) {
    synchronise(dmabufs_, use_, DMA_BUF_SYNC_START);
}

DmabufAccess::~DmabufAccess() {
    synchronise(dmabufs_, use_, DMA_BUF_SYNC_END);
}

} // namespace ringcast::os
