#pragma once
// Marks the beginning and the end of the processor's access to a camera's buffers
// (DMA_BUF_IOCTL_SYNC), so that the processor reads what the camera wrote and its own writes reach
// memory. Costs nothing where caches are coherent. Knows no camera and no mapping.

#include <array>
#include <cstdint>

namespace ringcast::os {

/// The dmabufs that hold a picture's planes, each listed once; -1 for none.
using Dmabufs = std::array<int, 3>;
inline constexpr Dmabufs no_dmabufs = {-1, -1, -1};

enum class DmabufUse : std::uint8_t { read, read_and_write };

/// The access lasts as long as the object.
class DmabufAccess {
public:
    DmabufAccess(const Dmabufs& dmabufs, DmabufUse use) noexcept;
    DmabufAccess(const DmabufAccess&) = delete;
    DmabufAccess& operator=(const DmabufAccess&) = delete;
    DmabufAccess(DmabufAccess&&) = delete;
    DmabufAccess& operator=(DmabufAccess&&) = delete;
    ~DmabufAccess();

private:
    Dmabufs dmabufs_;
    DmabufUse use_;
};

} // namespace ringcast::os
