#pragma once
// Where libjpeg writes a JPEG: memory of fixed size that the caller owns. No I/O, no threads.

#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>

#include <jpeglib.h>

#include "base/bytes.hpp"

namespace ringcast::encode {

/// Output that does not fit overwrites `spill_` again and again: thus the library never writes
/// beyond the memory, and need not be stopped by a longjmp out of it.
class SpanDestination {
public:
    SpanDestination() noexcept;
    SpanDestination(SpanDestination&&) = delete;
    SpanDestination& operator=(SpanDestination&&) = delete;
    SpanDestination(const SpanDestination&) = delete;
    SpanDestination& operator=(const SpanDestination&) = delete;
    ~SpanDestination() = default;

    /// Sets where a compressor writes its next JPEG, from the beginning of `into` on.
    void attach(jpeg_compress_struct& compressor, ByteSpan into) noexcept;
    /// Length in bytes of the JPEG that was written; none when it did not fit. The library reports
    /// that its memory is full as soon as the last byte is used, so an exact fit counts as too small.
    [[nodiscard]] std::optional<std::size_t> bytes() const noexcept;

private:
    [[nodiscard]] static SpanDestination& of(j_compress_ptr compressor) noexcept;
    static void begin(j_compress_ptr compressor) noexcept;
    static boolean spill(j_compress_ptr compressor) noexcept;
    static void end(j_compress_ptr compressor) noexcept;

    jpeg_destination_mgr manager_{}; // first, so that a pointer to it is one to the whole object
    ByteSpan into_;
    bool fits_ = true;
    std::array<JOCTET, 4096> spill_{};
};

} // namespace ringcast::encode
