#pragma once
// Makes the pictures of a simulation, and recognises those that clients have received. A picture is
// SOI, an APP0 segment with its number, bytes that are a function of the number, EOI.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "io/token.hpp"

namespace ringcast::sim {

struct Picture {
    std::uint64_t number = 0; ///< in the order in which pictures are made
    io::StreamId stream;
    std::uint32_t checksum = 0;
    std::size_t bytes = 0;
    WallTime captured{};
    Instant captured_at{};
    bool placeholder = false;
    bool derived = false; ///< made of the picture whose number is `order`
    bool rendition = false;
    std::uint64_t order = 0; ///< `number`, or that of the picture that it was made of
    bool from_afar = false;  ///< of another server: the relay may know only when it arrived
};

class FrameLog {
public:
    static constexpr std::size_t picture_bytes_min = 100;

    /// Writes a picture of exactly `into.size()` bytes, at least `picture_bytes_min`, and records
    /// it.
    const Picture& make(ByteSpan into, Picture picture);
    /// Makes a picture of a camera: `bytes`, at least `picture_bytes_min`, with the markers of a
    /// JPEG. If made without tables, it is recorded as it must be after they have been inserted.
    [[nodiscard]] std::vector<std::byte> make_jpeg(std::size_t bytes, bool tables, Picture picture);
    /// The picture that equals `jpeg` in every byte; empty if none was made.
    [[nodiscard]] std::optional<Picture> find(ConstByteSpan jpeg) const;
    /// The stream `next` replaces `earlier`: the viewers of that one see its pictures.
    void note_successor(io::StreamId earlier, io::StreamId next) {
        successors_.emplace_back(earlier, next);
    }
    /// The stream `rendition` shows the pictures of `original`.
    void note_rendition(io::StreamId original, io::StreamId rendition) {
        renditions_.emplace_back(original, rendition);
    }
    /// True if a viewer of `expected` may see pictures of `stream`.
    [[nodiscard]] bool continues(io::StreamId expected, io::StreamId stream) const;
    [[nodiscard]] std::uint64_t count() const noexcept { return pictures_.size(); }

private:
    const Picture& note(ConstByteSpan jpeg, Picture picture);

    std::vector<Picture> pictures_;                                 ///< by number
    std::vector<std::pair<io::StreamId, io::StreamId>> successors_; ///< in the order of time
    std::vector<std::pair<io::StreamId, io::StreamId>> renditions_; ///< originals, and theirs
};

} // namespace ringcast::sim
