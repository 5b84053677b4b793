#pragma once
// Checks the bytes that one viewer receives: the response head, the parts by Content-Length, and
// for each frame SOI, stamp, CRC, EOI and an increasing sequence number. Knows no sockets and
// stores no frame.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "jpeg/stamp.hpp"

namespace bench {

/// The result for one complete part.
struct CheckedFrame {
    bool good = false;        ///< stamped, complete, and newer than the frame before
    bool placeholder = false; ///< a "no signal" picture, which carries no stamp
    ringcast::jpeg::Stamp stamp;
};

class PartChecker {
public:
    /// Consumes bytes from the front of `bytes` until a part is complete (returns true, see
    /// `frame()`) or none are left (returns false). broken() is set when the bytes are not a valid
    /// multipart stream.
    bool consume(ringcast::ConstByteSpan& bytes);

    [[nodiscard]] const CheckedFrame& frame() const noexcept { return frame_; }
    [[nodiscard]] bool broken() const noexcept { return broken_; }

private:
    static constexpr std::size_t prefix_bytes = 2 + ringcast::jpeg::stamp_bytes;
    static constexpr std::size_t head_bytes_max = 4096;

    void take_head_line(std::string_view line);
    void take_body(ringcast::ConstByteSpan bytes);
    void finish_body();

    bool broken_ = false;
    bool in_http_head_ = false;
    bool first_line_ = true;
    bool expect_delimiter_ = true; ///< empty lines, then "--boundary", precede part headers
    std::string line_;
    std::size_t head_bytes_ = 0;
    std::size_t content_length_ = 0;
    bool placeholder_ = false;
    std::size_t body_left_ = 0;
    std::size_t prefix_filled_ = 0;
    std::array<std::byte, prefix_bytes> prefix_{};
    std::uint32_t crc_ = 0;
    std::array<std::byte, 2> last_{};
    bool any_ = false;
    std::uint64_t last_sequence_ = 0;
    CheckedFrame frame_;
};

} // namespace bench
