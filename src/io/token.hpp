#pragma once
// The token that identifies an operation until it completes. Only this file packs it into 64 bits.

#include <cstdint>

#include "base/assert.hpp"
#include "base/strong_id.hpp"

namespace ringcast::io {

enum class OpKind : std::uint8_t {
    none,       ///< the completion is ignored
    accept,     ///< slot: listener
    receive,    ///< slot: connection
    reply,      ///< slot: connection; a response head or body, never a live frame
    frame_send, ///< slot: send; a live frame
    hangup,     ///< slot: connection; the poll that reports that the peer closed
    abort,      ///< slot: connection
    shutdown,   ///< slot: connection
    close,      ///< slot: connection
    source,     ///< slot: stream and the source's own operation number
    painter,    ///< the painter of "no signal" pictures
    pictures,   ///< the threads that make pictures smaller
    password,   ///< the thread that verifies passwords
    control,    ///< slot: the application's own operation number (signals)
};

/// Packed as kind (8 bits), slot (24), generation (32). The generation distinguishes a late
/// completion of a recycled slot from one of the slot's present owner.
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

struct StreamTag;
/// Names a stream for as long as it exists. A later stream in the same place of the table has
/// another generation.
using StreamId = Handle<StreamTag>;
/// Indices and generations of streams are below this, so that both fit into a token.
inline constexpr std::uint32_t stream_id_limit = 1U << 16U;

/// The token of a source's operation: `operation` is the source's own numbering, `run` grows with
/// each restart of the source and distinguishes completions of an earlier run.
[[nodiscard]] constexpr OpToken source_token(StreamId stream, std::uint8_t operation,
                                             std::uint16_t run) noexcept {
    RINGCAST_ASSERT(stream.index < stream_id_limit);
    RINGCAST_ASSERT(stream.generation < stream_id_limit);
    return {OpKind::source, (stream.index << 8U) | operation, (stream.generation << 16U) | run};
}
[[nodiscard]] constexpr StreamId source_token_stream(OpToken token) noexcept {
    return {token.slot >> 8U, token.generation >> 16U};
}
[[nodiscard]] constexpr std::uint16_t source_token_run(OpToken token) noexcept {
    return static_cast<std::uint16_t>(token.generation & 0xFFFFU);
}
[[nodiscard]] constexpr std::uint8_t source_token_operation(OpToken token) noexcept {
    return static_cast<std::uint8_t>(token.slot & 0xFFU);
}

} // namespace ringcast::io
