#pragma once
// Brackets what the processor reads of a camera's buffers, so that its cache holds what the camera
// wrote. Knows no camera and no mapping.

#include <array>

namespace ringcast::encode {

/// The dmabufs that a picture's planes are in, each once; -1 for none.
using Dmabufs = std::array<int, 3>;
inline constexpr Dmabufs no_dmabufs = {-1, -1, -1};

class DmabufRead {
public:
    explicit DmabufRead(const Dmabufs& dmabufs) noexcept;
    DmabufRead(const DmabufRead&) = delete;
    DmabufRead& operator=(const DmabufRead&) = delete;
    DmabufRead(DmabufRead&&) = delete;
    DmabufRead& operator=(DmabufRead&&) = delete;
    ~DmabufRead();

private:
    Dmabufs dmabufs_;
};

} // namespace ringcast::encode
