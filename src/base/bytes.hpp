#pragma once
// Spans of bytes and their views as text.

#include <cstddef>
#include <span>
#include <string_view>

namespace ringcast {

using ByteSpan = std::span<std::byte>;
using ConstByteSpan = std::span<const std::byte>;

[[nodiscard]] inline ConstByteSpan as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view as_text(ConstByteSpan bytes) noexcept {
    // char may alias anything, so this view is well defined.
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace ringcast
