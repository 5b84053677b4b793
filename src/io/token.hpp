#pragma once
// What an operation is called while the kernel has it: packed into 64 bits here and nowhere else.

#include <cstdint>

#include "base/assert.hpp"

namespace ringcast::io {

enum class OpKind : std::uint8_t {
    none,       ///< nobody waits for the answer
    accept,     ///< slot: listener
    receive,    ///< slot: viewer
    reply,      ///< slot: viewer; a response head or body, never a live frame
    frame_send, ///< slot: send; a live frame on its way to a viewer
    hangup,     ///< slot: viewer; the poll that sees a peer leave
    abort,      ///< slot: viewer
    shutdown,   ///< slot: viewer
    close,      ///< slot: viewer
    source,     ///< slot: stream and the source's own operation number
    control,    ///< slot: the application's own operation number (signals)
};

/// (kind 8 bits, slot 24, generation 32). The generation tells a late completion of a recycled
/// slot from one of its present owner.
struct OpToken {
    OpKind kind = OpKind::none;
    std::uint32_t slot = 0; ///< below slot_count_max
    std::uint32_t generation = 0;

    static constexpr std::uint32_t slot_count_max = 1U << 24U;

    [[nodiscard]] constexpr std::uint64_t pack() const noexcept {
        RINGCAST_ASSERT(slot < slot_count_max);
        return (static_cast<std::uint64_t>(kind) << 56U) |
               (static_cast<std::uint64_t>(slot) << 32U) | generation;
    }
    [[nodiscard]] static constexpr OpToken unpack(std::uint64_t packed) noexcept {
        return {static_cast<OpKind>(packed >> 56U),
                static_cast<std::uint32_t>((packed >> 32U) & (slot_count_max - 1U)),
                static_cast<std::uint32_t>(packed)};
    }
    friend constexpr bool operator==(OpToken, OpToken) noexcept = default;
};

/// The token of a source's operation: `operation` is the source's own numbering, `run` grows with
/// each restart so that answers to an earlier run are told apart.
[[nodiscard]] constexpr OpToken source_token(std::uint32_t stream, std::uint8_t operation,
                                             std::uint32_t run) noexcept {
    RINGCAST_ASSERT(stream < (1U << 16U));
    return {OpKind::source, (stream << 8U) | operation, run};
}
[[nodiscard]] constexpr std::uint32_t source_token_stream(OpToken token) noexcept {
    return token.slot >> 8U;
}
[[nodiscard]] constexpr std::uint8_t source_token_operation(OpToken token) noexcept {
    return static_cast<std::uint8_t>(token.slot & 0xFFU);
}

} // namespace ringcast::io
