#pragma once
// Memory from Linux's dma-heaps: where pictures that the processor reads should be captured,
// because it reads them through its cache. What drivers for cameras on a chip allocate themselves
// is often uncached, and reading that is some 30 times slower on a Raspberry Pi. Knows no camera.

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace ringcast::capture {

inline constexpr std::string_view dma_heap_folder = "/dev/dma_heap";

/// The first is what Raspberry Pi OS makes for this: a link to a heap that its cameras can capture
/// into. The others are mainline's one of contiguous memory, which cameras without an IOMMU need:
/// its name since Linux 6.17, and those before. Mainline documents all as cached. The heap `system`
/// is not among them, because only a camera with an IOMMU can capture into scattered pages.
inline constexpr std::array<std::string_view, 5> camera_heaps{
    "vidbuf_cached", "linux,cma", "default_cma_region", "reserved", "default-pool"};

struct HeapChoice {
    std::optional<std::string_view> heap; ///< nothing: none will do
    std::string reason;                   ///< why it is not the first; empty when it is
};

/// The first of `heaps` that can be had. `attempt` answers 0, or an errno: ENOENT where there is no
/// such heap, which is no news and only said when there is none at all.
[[nodiscard]] HeapChoice choose_heap(std::span<const std::string_view> heaps,
                                     const std::function<int(std::string_view)>& attempt);

struct HeapMemory {
    std::string heap;             ///< its name; empty when there is none
    std::vector<UniqueFd> memory; ///< dmabufs
    std::string reason;           ///< as of HeapChoice
};

/// `count` dmabufs of `bytes` each from the first of `camera_heaps` that has them.
[[nodiscard]] HeapMemory allocate_from_heap(const std::filesystem::path& folder, std::size_t bytes,
                                            std::size_t count);

} // namespace ringcast::capture
