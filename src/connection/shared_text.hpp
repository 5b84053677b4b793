#pragma once
// An immutable text that several replies send at the same time. Counted, because the kernel reads
// it until the last of their sends is complete. The counts are plain integers: a text belongs to
// one loop.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::connection {

/// A reference to a text. Move-only; `share` makes a further one.
class SharedText {
public:
    SharedText() noexcept = default;
    /// `bytes_in_use` contains the text's size until the last reference is released, and outlives
    /// it.
    SharedText(std::string text, std::size_t& bytes_in_use)
        : block_(std::make_unique<Block>(std::move(text), bytes_in_use).release()) {}
    SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    SharedText& operator=(SharedText&& other) noexcept {
        if (this != &other) {
            release();
            block_ = std::exchange(other.block_, nullptr);
        }
        return *this;
    }
    SharedText(const SharedText&) = delete;
    SharedText& operator=(const SharedText&) = delete;
    ~SharedText() { release(); }

    [[nodiscard]] SharedText share() const noexcept {
        RINGCAST_ASSERT(valid());
        SharedText other;
        other.block_ = block_;
        ++block_->references;
        return other;
    }
    void release() noexcept {
        Block* block = std::exchange(block_, nullptr);
        if (block != nullptr && --block->references == 0) {
            std::unique_ptr<Block>(block).reset();
        }
    }

    [[nodiscard]] bool valid() const noexcept { return block_ != nullptr; }
    [[nodiscard]] std::string_view text() const noexcept {
        RINGCAST_ASSERT(valid());
        return block_->text;
    }

private:
    struct Block {
        Block(std::string content, std::size_t& bytes)
            : text(std::move(content)), bytes_in_use(bytes) {
            bytes_in_use += text.size();
        }
        Block(const Block&) = delete;
        Block& operator=(const Block&) = delete;
        ~Block() { bytes_in_use -= text.size(); }

        std::string text;
        std::size_t& bytes_in_use;
        std::uint32_t references = 1;
    };

    Block* block_ = nullptr; ///< owned together with the other references
};

} // namespace ringcast::connection
