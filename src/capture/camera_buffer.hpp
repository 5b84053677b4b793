#pragma once
// A camera's buffer in our address space. For frames that leave as they are it is mapped between
// two pages of ours, so that the part header fits before the frame and the boundary behind it, all
// in one range that the engine can register:
//
//   | anonymous page | the camera's dmabuf | anonymous page |
//
// Knows what a dmabuf is, not what captures into it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "os/dmabuf_access.hpp"

namespace ringcast::capture {

/// One dmabuf, mapped for reading and writing.
class DmabufMapping {
public:
    /// `margin`: bytes of anonymous memory before and behind it, whole pages. `dmabuf` stays the
    /// caller's.
    [[nodiscard]] static Result<DmabufMapping> create(int dmabuf, std::size_t margin);
    DmabufMapping() noexcept = default;
    DmabufMapping(DmabufMapping&& other) noexcept;
    DmabufMapping& operator=(DmabufMapping&& other) noexcept;
    DmabufMapping(const DmabufMapping&) = delete;
    DmabufMapping& operator=(const DmabufMapping&) = delete;
    ~DmabufMapping();

    /// The margins included.
    [[nodiscard]] ByteSpan range() const noexcept { return range_; }
    /// Without the margins.
    [[nodiscard]] ByteSpan memory() const noexcept {
        return range_.subspan(margin_, range_.size() - 2 * margin_);
    }
    [[nodiscard]] int dmabuf() const noexcept { return fd_.get(); }

private:
    UniqueFd fd_;
    ByteSpan range_;
    std::size_t margin_ = 0;
};

/// Where a plane of the picture is.
struct PlanePlace {
    int dmabuf = -1;
    std::size_t offset = 0; ///< in the dmabuf
    std::size_t bytes = 0;
};

class CameraBuffer {
public:
    /// `margin` as above. With a margin the buffer is one plane at the beginning of one dmabuf:
    /// what MJPEG comes in.
    [[nodiscard]] static Result<CameraBuffer> map(std::span<const PlanePlace> planes,
                                                  std::size_t margin);

    /// The first dmabuf's range, margins included.
    [[nodiscard]] ByteSpan range() const noexcept { return mappings_.front().range(); }
    [[nodiscard]] std::span<const ByteSpan> planes() const noexcept { return planes_; }
    /// Those that the planes are in.
    [[nodiscard]] os::Dmabufs dmabufs() const noexcept;

private:
    std::vector<DmabufMapping> mappings_; ///< one for each dmabuf: planes may share one
    std::vector<ByteSpan> planes_;
};

} // namespace ringcast::capture
