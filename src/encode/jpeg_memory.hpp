#pragma once
// Reuses the memory that libjpeg allocates for each picture, so that encoding allocates nothing
// once the largest picture has been encoded.

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

private:
    /// Twice the alignment that the library's vector code needs for lines.
    static constexpr std::size_t block_bytes = 64;
    struct alignas(block_bytes) Block {
        std::array<std::byte, block_bytes> bytes;
    };

    [[nodiscard]] static JpegMemory& of(j_common_ptr compressor) noexcept;
    [[nodiscard]] static void* allocate_small(j_common_ptr compressor, int pool, std::size_t bytes);
    [[nodiscard]] static void* allocate_large(j_common_ptr compressor, int pool, std::size_t bytes);
    [[nodiscard]] static JSAMPARRAY allocate_lines(j_common_ptr compressor, int pool,
                                                   JDIMENSION samples, JDIMENSION lines);
    static void free_pool(j_common_ptr compressor, int pool);
    [[nodiscard]] void* take(std::size_t bytes) noexcept;

    jpeg_memory_mgr library_{}; ///< the library's own functions
    std::vector<Block> blocks_;
    std::size_t blocks_used_ = 0;   ///< by this picture
    std::size_t blocks_wanted_ = 0; ///< by this picture, including those that did not fit
};

} // namespace ringcast::encode
