#pragma once
// Reuses the memory that libjpeg allocates for each picture, so that encoding and decoding allocate
// nothing once the largest picture has been encoded or decoded.

#include <array>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <jpeglib.h>

namespace ringcast::encode {

class JpegMemory {
public:
    JpegMemory() = default;
    JpegMemory(JpegMemory&&) = delete;
    JpegMemory& operator=(JpegMemory&&) = delete;
    JpegMemory(const JpegMemory&) = delete;
    JpegMemory& operator=(const JpegMemory&) = delete;
    ~JpegMemory() = default;

    /// Hooks into the memory manager of a created compressor, which must be destroyed before this.
    void attach(jpeg_compress_struct& compressor) noexcept;
    /// The same for a decompressor. Its tables then belong to one picture as well: before the next one
    /// is read, the pointers to them have to be reset.
    void attach(jpeg_decompress_struct& decompressor) noexcept;

    /// `count` rows of a component's coefficients from row `first` on. `blocks` is one of those that
    /// jpeg_read_coefficients returned for the decompressor.
    [[nodiscard]] static JBLOCKARRAY rows_of(jvirt_barray_ptr blocks, JDIMENSION first,
                                             JDIMENSION count) noexcept;

private:
    /// Twice the alignment that the library's vector code needs for lines.
    static constexpr std::size_t block_bytes = 64;
    struct alignas(block_bytes) Block {
        std::array<std::byte, block_bytes> bytes;
    };

    /// All coefficients of one component. The library's own "virtual arrays" can't be used: it
    /// allocates them by functions that can't be replaced.
    struct Coefficients {
        bool zeroed = false; ///< by the library's demand
        JDIMENSION blocks_per_row = 0;
        JDIMENSION row_count = 0;
        JBLOCKARRAY rows = nullptr; ///< null until `realize`
    };

    [[nodiscard]] static JpegMemory& of(j_common_ptr library) noexcept;
    [[nodiscard]] static void* allocate_small(j_common_ptr library, int pool, std::size_t bytes);
    [[nodiscard]] static void* allocate_large(j_common_ptr library, int pool, std::size_t bytes);
    [[nodiscard]] static JSAMPARRAY allocate_lines(j_common_ptr library, int pool,
                                                   JDIMENSION samples, JDIMENSION lines);
    [[nodiscard]] static jvirt_barray_ptr request(j_common_ptr library, int pool, boolean zeroed,
                                                  JDIMENSION blocks_per_row, JDIMENSION rows,
                                                  JDIMENSION rows_at_once);
    static void realize(j_common_ptr library);
    [[nodiscard]] static JBLOCKARRAY access(j_common_ptr library, jvirt_barray_ptr blocks,
                                            JDIMENSION first, JDIMENSION count, boolean writable);
    static void free_pool(j_common_ptr library, int pool);
    void attach(j_common_ptr library) noexcept;
    [[nodiscard]] void* take(std::size_t bytes) noexcept;

    jpeg_memory_mgr library_{};        ///< the library's own functions
    bool all_is_of_a_picture_ = false; ///< no allocation outlives the picture
    std::array<Coefficients, MAX_COMPONENTS> coefficients_{};
    std::size_t coefficients_count_ = 0;
    std::vector<Block> blocks_;
    std::size_t blocks_used_ = 0;   ///< by this picture
    std::size_t blocks_wanted_ = 0; ///< by this picture, including those that did not fit
};

} // namespace ringcast::encode
