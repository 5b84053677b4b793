#include "encode/jpeg_memory.hpp"

#include <algorithm>
#include <new>

namespace ringcast::encode {

void JpegMemory::attach(jpeg_compress_struct& compressor) noexcept {
    compressor.client_data = this;
    library_ = *compressor.mem;
    compressor.mem->alloc_small = &allocate_small;
    compressor.mem->alloc_large = &allocate_large;
    compressor.mem->alloc_sarray = &allocate_lines;
    compressor.mem->free_pool = &free_pool;
}

JpegMemory& JpegMemory::of(j_common_ptr compressor) noexcept {
    return *static_cast<JpegMemory*>(compressor->client_data);
}

/// Null when not enough is left; the library's own manager allocates then.
void* JpegMemory::take(std::size_t bytes) noexcept {
    const std::size_t count = (bytes + block_bytes - 1) / block_bytes;
    blocks_wanted_ += count;
    if (count > blocks_.size() - blocks_used_) {
        return nullptr;
    }
    Block* const taken = blocks_.data() + blocks_used_;
    blocks_used_ += count;
    return taken;
}

void* JpegMemory::allocate_small(j_common_ptr compressor, int pool, std::size_t bytes) {
    JpegMemory& memory = of(compressor);
    void* const taken = pool == JPOOL_IMAGE ? memory.take(bytes) : nullptr;
    return taken != nullptr ? taken : memory.library_.alloc_small(compressor, pool, bytes);
}

void* JpegMemory::allocate_large(j_common_ptr compressor, int pool, std::size_t bytes) {
    JpegMemory& memory = of(compressor);
    void* const taken = pool == JPOOL_IMAGE ? memory.take(bytes) : nullptr;
    return taken != nullptr ? taken : memory.library_.alloc_large(compressor, pool, bytes);
}

/// Replaced because the library's own function would not call the functions above.
JSAMPARRAY JpegMemory::allocate_lines(j_common_ptr compressor, int pool, JDIMENSION samples,
                                      JDIMENSION lines) {
    JpegMemory& memory = of(compressor);
    if (pool != JPOOL_IMAGE) {
        return memory.library_.alloc_sarray(compressor, pool, samples, lines);
    }
    // The library's vector code writes whole vectors, so lines are padded to whole blocks.
    const std::size_t line_blocks = (samples + block_bytes - 1) / block_bytes;
    auto* const begins =
        static_cast<JSAMPARRAY>(allocate_small(compressor, pool, lines * sizeof(JSAMPROW)));
    auto* const all =
        static_cast<JSAMPROW>(allocate_large(compressor, pool, lines * line_blocks * block_bytes));
    for (std::size_t i = 0; i < lines; ++i) {
        begins[i] = all + i * line_blocks * block_bytes;
    }
    return begins;
}

void JpegMemory::free_pool(j_common_ptr compressor, int pool) {
    JpegMemory& memory = of(compressor);
    memory.library_.free_pool(compressor, pool);
    if (pool != JPOOL_IMAGE) {
        return;
    }
    try {
        memory.blocks_.resize(std::max(memory.blocks_.size(), memory.blocks_wanted_));
    } catch (const std::bad_alloc&) {
        memory.blocks_.clear(); // the library's own manager goes on allocating
    }
    memory.blocks_used_ = 0;
    memory.blocks_wanted_ = 0;
}

} // namespace ringcast::encode
