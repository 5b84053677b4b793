#pragma once
// Memory from Linux's dma-heaps, for pictures that the processor reads: this memory is cached.
// Drivers of on-chip cameras (CSI, ISP) often allocate uncached buffers, and reading those is about
// 30 times slower on a Raspberry Pi. Knows nothing of cameras.

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

/// In order of preference. Raspberry Pi OS provides the first one for this purpose: a link to a
/// heap that its cameras can capture into. The others are names of mainline's heap of contiguous
/// memory, which cameras without an IOMMU need: the one since Linux 6.17, and earlier ones.
/// Mainline documents all as cached. The heap `system` is not among them, because only cameras with
/// an IOMMU can capture into scattered pages.
inline constexpr std::array<std::string_view, 5> camera_heaps{
    "vidbuf_cached", "linux,cma", "default_cma_region", "reserved", "default-pool"};

struct HeapChoice {
    std::optional<std::string_view> heap; ///< none if no heap is usable
    std::string reason;                   ///< why it is not the first one; empty if it is
};

/// The first usable one of `heaps`. `attempt` returns 0 or an errno. ENOENT means that the heap
/// does not exist, which the reason mentions only if no heap exists.
[[nodiscard]] HeapChoice choose_heap(std::span<const std::string_view> heaps,
                                     const std::function<int(std::string_view)>& attempt);

struct HeapMemory {
    std::string heap;             ///< its name; empty if no heap is usable
    std::vector<UniqueFd> memory; ///< dmabufs
    std::string reason;           ///< as in HeapChoice
};

/// `count` dmabufs of `bytes` each from the first of `camera_heaps` that can provide them.
[[nodiscard]] HeapMemory allocate_from_heap(const std::filesystem::path& folder, std::size_t bytes,
                                            std::size_t count);

} // namespace ringcast::capture
