#pragma once
// The pictures of a simulation: made here, and recognised here when a client has received one. A
// picture is SOI, an APP0 segment with its number, bytes that follow from the number, EOI.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "io/token.hpp"

namespace ringcast::sim {

struct Picture {
    std::uint64_t number = 0; ///< rises with each picture made
    io::StreamId stream;
    std::uint32_t checksum = 0;
    std::size_t bytes = 0;
    WallTime captured{};
    Instant captured_at{};
    bool placeholder = false;
};

class FrameLog {
public:
    static constexpr std::size_t picture_bytes_min = 100;

    /// Writes a picture of exactly `into.size()` bytes, at least `picture_bytes_min`, and notes it.
    const Picture& make(ByteSpan into, Picture picture);
    /// What a camera writes: a JPEG of `bytes`, at least `picture_bytes_min`, as far as markers go.
    /// Without tables it is noted as it must look when they have been laid in.
    [[nodiscard]] std::vector<std::byte> make_jpeg(std::size_t bytes, bool tables, Picture picture);
    /// The picture that `jpeg` is, to the last byte; none when there never was such a one.
    [[nodiscard]] std::optional<Picture> find(ConstByteSpan jpeg) const;
    [[nodiscard]] std::uint64_t count() const noexcept { return pictures_.size(); }

private:
    const Picture& note(ConstByteSpan jpeg, Picture picture);

    std::vector<Picture> pictures_; ///< by number
};

} // namespace ringcast::sim
