#pragma once
// Brackets what the processor does with a camera's buffers (DMA_BUF_IOCTL_SYNC), so that its cache
// holds what the camera wrote, and the camera's memory what it wrote itself. Costs nothing where
// both see the same. Knows no camera and no mapping.

#include <array>
#include <cstdint>

namespace ringcast::os {

/// The dmabufs that a picture's planes are in, each once; -1 for none.
using Dmabufs = std::array<int, 3>;
inline constexpr Dmabufs no_dmabufs = {-1, -1, -1};

enum class DmabufUse : std::uint8_t { read, read_and_write };

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
