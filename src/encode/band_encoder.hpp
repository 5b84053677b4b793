#pragma once
// Encodes one picture by several threads at once, each a horizontal band of it, so that its JPEG is
// there sooner. With one worker it is an encoder like any other, without threads. Knows no slots
// and no loop; used by one thread at a time, which does a band's work itself.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "encode/raw_encoder.hpp"

namespace ringcast::encode {

class BandEncoder {
public:
    /// Starts `workers` - 1 threads. Throws std::system_error when the system has none left.
    explicit BandEncoder(int workers);
    BandEncoder(BandEncoder&&) = delete;
    BandEncoder& operator=(BandEncoder&&) = delete;
    BandEncoder(const BandEncoder&) = delete;
    BandEncoder& operator=(const BandEncoder&) = delete;
    /// Ends the threads, which have nothing to do.
    ~BandEncoder();

    struct Encoded {
        /// None as RawEncoder has it: the picture does not fit, or can't be.
        std::optional<std::size_t> bytes;
        std::size_t bytes_moved = 0; ///< compressed data of all bands but the first
    };
    /// The JPEG decodes to the same pixels as one made by one worker. `quality` is 1 to 100.
    [[nodiscard]] Encoded encode(const RawPicture& picture, int quality, ByteSpan into) noexcept;

private:
    class Helper;

    RawEncoder encoder_; ///< for the first band
    std::vector<std::unique_ptr<Helper>> helpers_;
    std::vector<ConstByteSpan> later_; ///< what the helpers made
};

/// How many workers a machine with so many processors should have: the loop keeps one of several,
/// and a large machine starts no threads that would save fractions of a millisecond.
[[nodiscard]] int encode_workers_for(unsigned processors) noexcept;

} // namespace ringcast::encode
