#pragma once
// What libjpeg allocates for a picture and frees behind it is kept for the next one here, so that
// encoding allocates nothing once the largest picture has been seen.

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

    /// Stands before the memory manager of a compressor that has been created. It outlives that.
    void attach(jpeg_compress_struct& compressor) noexcept;

private:
    /// What the library's vector code wants lines to begin at, twice over.
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
    std::size_t blocks_wanted_ = 0; ///< by this picture, had they all been there
};

} // namespace ringcast::encode
