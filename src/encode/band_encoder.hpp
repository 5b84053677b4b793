#pragma once
// Encodes one picture by several threads in parallel, each a horizontal band of it, to reduce
// latency. With one worker it starts no threads. Knows no slots and no loop. Used by one thread at
// a time, which encodes the first band itself.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "encode/raw_encoder.hpp"

namespace ringcast::encode {

class BandEncoder {
public:
    /// Starts `workers` - 1 threads. Throws std::system_error when a thread can't be started.
    explicit BandEncoder(int workers);
    BandEncoder(BandEncoder&&) = delete;
    BandEncoder& operator=(BandEncoder&&) = delete;
    BandEncoder(const BandEncoder&) = delete;
    BandEncoder& operator=(const BandEncoder&) = delete;
    /// Joins the threads. Precondition: no `encode` is running.
    ~BandEncoder();

    struct Encoded {
        /// Length of the JPEG; none when it does not fit or the picture has a `problem_of`.
        std::optional<std::size_t> bytes;
        std::size_t bytes_moved = 0; ///< compressed data that was copied: all bands but the first
    };
    /// The JPEG decodes to the same pixels whatever the number of workers. `quality` is 1 to 100.
    [[nodiscard]] Encoded encode(const RawPicture& picture, int quality, ByteSpan into) noexcept;

private:
    class Helper;

    RawEncoder encoder_; ///< for the first band
    std::vector<std::unique_ptr<Helper>> helpers_;
    std::vector<ConstByteSpan> later_; ///< the JPEGs of the later bands, in the helpers' memory
};

/// The number of workers to use on a machine with this many processors, which leaves one for the
/// loop. Limited, because on a large machine more workers would save fractions of a millisecond.
[[nodiscard]] int encode_workers_for(unsigned processors) noexcept;

} // namespace ringcast::encode
