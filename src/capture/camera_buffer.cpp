#include "capture/camera_buffer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/mapped_memory.hpp"

namespace ringcast::capture {

namespace {

std::size_t whole_pages(std::size_t bytes) noexcept {
    const std::size_t page = os::system_page_bytes();
    return (bytes + page - 1) / page * page;
}

std::string system_error(const char* what) {
    return std::string(what) + ": " + std::strerror(errno);
}

} // namespace

Result<DmabufMapping> DmabufMapping::create(int dmabuf, std::size_t margin) {
    DmabufMapping mapping;
    mapping.fd_.reset(::fcntl(dmabuf, F_DUPFD_CLOEXEC, 0));
    const off_t bytes = ::lseek(dmabuf, 0, SEEK_END); // returns the size of a dmabuf
    if (!mapping.fd_.valid() || bytes <= 0) {
        return fail(system_error("a camera buffer can't be used"));
    }
    const std::size_t inner = whole_pages(static_cast<std::size_t>(bytes));
    // Reserve address space for the margins and the dmabuf, which then replaces the middle.
    void* const range = ::mmap(nullptr, margin + inner + margin, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (range == MAP_FAILED) {
        return fail(system_error("no address space is available for a camera buffer"));
    }
    mapping.range_ = ByteSpan(static_cast<std::byte*>(range), margin + inner + margin);
    mapping.margin_ = margin;
    if (::mmap(mapping.range_.data() + margin, inner, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_FIXED, dmabuf, 0) == MAP_FAILED) {
        return fail(system_error("a camera buffer can't be mapped"));
    }
    // A child process would keep the camera's memory alive, and registered pages would be copied
    // for it (copy-on-write).
    static_cast<void>(::madvise(range, mapping.range_.size(), MADV_DONTFORK));
    return mapping;
}

DmabufMapping::DmabufMapping(DmabufMapping&& other) noexcept
    : fd_(std::move(other.fd_)), range_(std::exchange(other.range_, {})), margin_(other.margin_) {}

DmabufMapping& DmabufMapping::operator=(DmabufMapping&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(range_, other.range_);
    std::swap(margin_, other.margin_);
    return *this;
}

DmabufMapping::~DmabufMapping() {
    if (!range_.empty()) {
        ::munmap(range_.data(), range_.size());
    }
}

os::Dmabufs CameraBuffer::dmabufs() const noexcept {
    os::Dmabufs dmabufs = os::no_dmabufs;
    for (std::size_t i = 0; i < mappings_.size(); ++i) {
        dmabufs[i] = mappings_[i].dmabuf();
    }
    return dmabufs;
}

Result<CameraBuffer> CameraBuffer::map(std::span<const PlanePlace> planes, std::size_t margin) {
    CameraBuffer buffer;
    std::vector<int> mapped;
    for (const PlanePlace& plane : planes) {
        auto place = std::ranges::find(mapped, plane.dmabuf);
        if (place == mapped.end()) {
            auto mapping = DmabufMapping::create(plane.dmabuf, margin);
            if (!mapping) {
                return tl::unexpected(mapping.error());
            }
            buffer.mappings_.push_back(std::move(*mapping));
            mapped.push_back(plane.dmabuf);
            place = mapped.end() - 1;
        }
        const ByteSpan memory =
            buffer.mappings_[static_cast<std::size_t>(place - mapped.begin())].memory();
        if (plane.offset > memory.size() || plane.bytes > memory.size() - plane.offset) {
            return fail("a camera buffer is smaller than its planes");
        }
        buffer.planes_.push_back(memory.subspan(plane.offset, plane.bytes));
    }
    if (buffer.planes_.empty() || mapped.size() > os::no_dmabufs.size()) {
        return fail("a camera buffer has no planes, or too many");
    }
    if (margin > 0 && (planes.size() > 1 || planes.front().offset > 0)) {
        return fail("a camera buffer with JPEG in it is not in one piece");
    }
    return buffer;
}

} // namespace ringcast::capture
