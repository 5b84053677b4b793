#pragma once
// Builds a byte sequence of consecutive little-endian fields, as USB descriptors and messages use.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace ringcast::vm {

class ByteWriter {
public:
    ByteWriter& bytes(std::initializer_list<int> values) {
        for (const int value : values) {
            bytes_.push_back(static_cast<std::uint8_t>(value));
        }
        return *this;
    }
    ByteWriter& u16(std::uint32_t value) {
        return bytes({static_cast<int>(value & 0xFF), static_cast<int>(value >> 8 & 0xFF)});
    }
    ByteWriter& u32(std::uint32_t value) { return u16(value & 0xFFFF).u16(value >> 16); }
    ByteWriter& append(const std::vector<std::uint8_t>& other) {
        bytes_.insert(bytes_.end(), other.begin(), other.end());
        return *this;
    }

    /// Overwrites a 16-bit field, for values that are known only after the field was written.
    void set_u16(std::size_t at, std::size_t value) {
        bytes_.at(at) = static_cast<std::uint8_t>(value & 0xFF);
        bytes_.at(at + 1) = static_cast<std::uint8_t>(value >> 8 & 0xFF);
    }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] std::vector<std::uint8_t> take() && { return std::move(bytes_); }

private:
    std::vector<std::uint8_t> bytes_;
};

} // namespace ringcast::vm
