#pragma once
// Decodes the body of a response with Transfer-Encoding: chunked. Knows no sockets, copies nothing.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"

namespace ringcast::http {

class ChunkDecoder {
public:
    enum class State : std::uint8_t {
        reading,
        ended,     ///< the last chunk and its trailers were read
        malformed, ///< nothing more can be read
    };
    /// A part of the input: how many bytes of it were read, and the data among these.
    struct Piece {
        std::size_t consumed = 0;
        ConstByteSpan data; ///< empty if only framing was read
    };

    ChunkDecoder();
    ~ChunkDecoder();
    ChunkDecoder(const ChunkDecoder&) = delete;
    ChunkDecoder& operator=(const ChunkDecoder&) = delete;
    ChunkDecoder(ChunkDecoder&&) = delete;
    ChunkDecoder& operator=(ChunkDecoder&&) = delete;

    /// Begins with the body of the next response.
    void begin() noexcept;
    /// Reads up to the end of the first data in `bytes`; call again with the bytes that are left.
    /// Nothing is consumed after the end of the body.
    [[nodiscard]] Piece read(ConstByteSpan bytes) noexcept;
    [[nodiscard]] State state() const noexcept { return state_; }

private:
    struct Machine;

    std::unique_ptr<Machine> machine_;
    State state_ = State::reading;
};

} // namespace ringcast::http
