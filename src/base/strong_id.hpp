#pragma once
// Typed ids: those of different kinds can't be mixed up, and a handle detects that its object is
// gone.

#include <compare>
#include <cstdint>

namespace ringcast {

/// Names an entry of a table whose entries are reused: `index` finds the entry, `generation` tells
/// whether it is still the same object. Generation 0 is never used, so a default handle is invalid.
template <typename Tag>
struct Handle {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    [[nodiscard]] constexpr bool valid() const noexcept { return generation != 0; }
    friend constexpr bool operator==(Handle, Handle) noexcept = default;
};

/// A plain number of one kind, such as the index of a stream.
template <typename Tag, typename Value = std::uint32_t>
struct StrongId {
    Value value{};

    friend constexpr auto operator<=>(StrongId, StrongId) noexcept = default;
};

} // namespace ringcast
