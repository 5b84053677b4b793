#include "encode/jpeg_memory.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.hpp"

namespace ringcast::encode {

void JpegMemory::attach(jpeg_compress_struct& compressor) noexcept {
    attach(reinterpret_cast<j_common_ptr>(&compressor));
}

void JpegMemory::attach(jpeg_decompress_struct& decompressor) noexcept {
    attach(reinterpret_cast<j_common_ptr>(&decompressor));
    all_is_of_a_picture_ = true;
    decompressor.mem->request_virt_barray = &request;
    decompressor.mem->realize_virt_arrays = &realize;
    decompressor.mem->access_virt_barray = &access;
}

void JpegMemory::attach(j_common_ptr library) noexcept {
    library->client_data = this;
    library_ = *library->mem;
    library->mem->alloc_small = &allocate_small;
    library->mem->alloc_large = &allocate_large;
    library->mem->alloc_sarray = &allocate_lines;
    library->mem->free_pool = &free_pool;
}

JpegMemory& JpegMemory::of(j_common_ptr library) noexcept {
    return *static_cast<JpegMemory*>(library->client_data);
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

void* JpegMemory::allocate_small(j_common_ptr library, int pool, std::size_t bytes) {
    JpegMemory& memory = of(library);
    const int lifetime = memory.all_is_of_a_picture_ ? JPOOL_IMAGE : pool;
    void* const taken = lifetime == JPOOL_IMAGE ? memory.take(bytes) : nullptr;
    return taken != nullptr ? taken : memory.library_.alloc_small(library, lifetime, bytes);
}

void* JpegMemory::allocate_large(j_common_ptr library, int pool, std::size_t bytes) {
    JpegMemory& memory = of(library);
    const int lifetime = memory.all_is_of_a_picture_ ? JPOOL_IMAGE : pool;
    void* const taken = lifetime == JPOOL_IMAGE ? memory.take(bytes) : nullptr;
    return taken != nullptr ? taken : memory.library_.alloc_large(library, lifetime, bytes);
}

/// Replaced because the library's own function would not call the functions above.
JSAMPARRAY JpegMemory::allocate_lines(j_common_ptr library, int pool, JDIMENSION samples,
                                      JDIMENSION lines) {
    JpegMemory& memory = of(library);
    if (pool != JPOOL_IMAGE && !memory.all_is_of_a_picture_) {
        return memory.library_.alloc_sarray(library, pool, samples, lines);
    }
    // The library's vector code writes whole vectors, so lines are padded to whole blocks.
    const std::size_t line_blocks = (samples + block_bytes - 1) / block_bytes;
    auto* const begins =
        static_cast<JSAMPARRAY>(allocate_small(library, pool, lines * sizeof(JSAMPROW)));
    auto* const all =
        static_cast<JSAMPROW>(allocate_large(library, pool, lines * line_blocks * block_bytes));
    for (std::size_t i = 0; i < lines; ++i) {
        begins[i] = all + i * line_blocks * block_bytes;
    }
    return begins;
}

jvirt_barray_ptr JpegMemory::request(j_common_ptr library, int /*pool*/, boolean zeroed,
                                     JDIMENSION blocks_per_row, JDIMENSION rows,
                                     JDIMENSION /*rows_at_once*/) {
    JpegMemory& memory = of(library);
    RINGCAST_ASSERT(memory.coefficients_count_ < memory.coefficients_.size());
    Coefficients& made = memory.coefficients_[memory.coefficients_count_++];
    made = {zeroed == TRUE, blocks_per_row, rows, nullptr};
    return reinterpret_cast<jvirt_barray_ptr>(&made);
}

void JpegMemory::realize(j_common_ptr library) {
    JpegMemory& memory = of(library);
    for (std::size_t i = 0; i < memory.coefficients_count_; ++i) {
        Coefficients& made = memory.coefficients_[i];
        if (made.rows != nullptr) {
            continue;
        }
        const std::size_t row_bytes = std::size_t{made.blocks_per_row} * sizeof(JBLOCK);
        auto* const rows = static_cast<JBLOCKARRAY>(
            allocate_small(library, JPOOL_IMAGE, made.row_count * sizeof(JBLOCKROW)));
        void* const all = allocate_large(library, JPOOL_IMAGE, made.row_count * row_bytes);
        if (made.zeroed) {
            std::memset(all, 0, made.row_count * row_bytes);
        }
        for (std::size_t row = 0; row < made.row_count; ++row) {
            rows[row] = static_cast<JBLOCKROW>(all) + row * made.blocks_per_row;
        }
        made.rows = rows;
    }
}

JBLOCKARRAY JpegMemory::rows_of(jvirt_barray_ptr blocks, JDIMENSION first,
                                JDIMENSION count) noexcept {
    const Coefficients& made = *reinterpret_cast<const Coefficients*>(blocks);
    RINGCAST_ASSERT(made.rows != nullptr);
    RINGCAST_ASSERT(first <= made.row_count);
    RINGCAST_ASSERT(count <= made.row_count - first);
    return made.rows + first;
}

JBLOCKARRAY JpegMemory::access(j_common_ptr /*library*/, jvirt_barray_ptr blocks, JDIMENSION first,
                               JDIMENSION count, boolean /*writable*/) {
    return rows_of(blocks, first, count);
}

void JpegMemory::free_pool(j_common_ptr library, int pool) {
    JpegMemory& memory = of(library);
    memory.library_.free_pool(library, pool);
    if (pool != JPOOL_IMAGE) {
        return;
    }
    try {
        memory.blocks_.resize(std::max(memory.blocks_.size(), memory.blocks_wanted_));
    } catch (const std::bad_alloc&) {
        memory.blocks_.clear(); // the library's own manager goes on allocating
    }
    memory.coefficients_count_ = 0;
    memory.blocks_used_ = 0;
    memory.blocks_wanted_ = 0;
}

} // namespace ringcast::encode
