#include "encode/dmabuf_read.hpp"

#include <cerrno>
#include <cstdint>

#include <linux/dma-buf.h>
#include <sys/ioctl.h>

namespace ringcast::encode {

namespace {

void synchronise(const Dmabufs& dmabufs, std::uint64_t phase) noexcept {
    // The kernel may be interrupted while it waits for the device.
    constexpr int tries_max = 16;
    for (const int dmabuf : dmabufs) {
        dma_buf_sync request{};
        request.flags = phase | DMA_BUF_SYNC_READ;
        // Memory that is no dmabuf answers ENOTTY, and needs no bracket.
        for (int i = 0; dmabuf >= 0 && i < tries_max; ++i) {
            if (ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &request) == 0 ||
                (errno != EINTR && errno != EAGAIN)) {
                break;
            }
        }
    }
}

} // namespace

DmabufRead::DmabufRead(const Dmabufs& dmabufs) noexcept : dmabufs_(dmabufs) {
    synchronise(dmabufs_, DMA_BUF_SYNC_START);
}

DmabufRead::~DmabufRead() {
    synchronise(dmabufs_, DMA_BUF_SYNC_END);
}

} // namespace ringcast::encode
