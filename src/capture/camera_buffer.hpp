#pragma once
// A camera's buffer in our address space. For JPEG it is mapped between two anonymous pages, so
// that there is room for the part header before the frame and for the boundary after it, in one
// range that the engine can register:
//
//   | anonymous page | the camera's dmabuf | anonymous page |
//
// Knows dmabufs, not cameras.

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
    /// `margin`: bytes of anonymous memory before and after it, whole pages. The caller keeps
    /// ownership of `dmabuf`.
    [[nodiscard]] static Result<DmabufMapping> create(int dmabuf, std::size_t margin);
    DmabufMapping() noexcept = default;
    DmabufMapping(DmabufMapping&& other) noexcept;
    DmabufMapping& operator=(DmabufMapping&& other) noexcept;
    DmabufMapping(const DmabufMapping&) = delete;
    DmabufMapping& operator=(const DmabufMapping&) = delete;
    ~DmabufMapping();

    /// Including the margins.
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

/// Location of one plane of the picture.
struct PlanePlace {
    int dmabuf = -1;
    std::size_t offset = 0; ///< in the dmabuf
    std::size_t bytes = 0;
};

class CameraBuffer {
public:
    /// `margin` as above. With a margin the buffer must be one plane at the beginning of one
    /// dmabuf, as buffers of MJPEG are.
    [[nodiscard]] static Result<CameraBuffer> map(std::span<const PlanePlace> planes,
                                                  std::size_t margin);

    /// The first dmabuf's range, including the margins.
    [[nodiscard]] ByteSpan range() const noexcept { return mappings_.front().range(); }
    [[nodiscard]] std::span<const ByteSpan> planes() const noexcept { return planes_; }
    /// The dmabufs that contain the planes.
    [[nodiscard]] os::Dmabufs dmabufs() const noexcept;

private:
    std::vector<DmabufMapping> mappings_; ///< one per dmabuf; planes may share one
    std::vector<ByteSpan> planes_;
};

} // namespace ringcast::capture
