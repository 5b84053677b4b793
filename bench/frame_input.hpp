#pragma once
// What the two reference servers (floor, bare_send) share: frames from standard input into slots,
// with the part header and the boundary laid around each JPEG once, so that a frame is one span.
// Written for speed and for the feeder's frames alone: it trusts its input, which ringcast must
// not.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace bench {

inline constexpr std::size_t frame_bytes_max = 4U << 20U;
inline constexpr std::size_t slots_max = 64;

/// The head that opens a stream, the first boundary included.
std::string_view response_head() noexcept;

/// Finds where a JPEG that begins at the region's first byte ends. Looks at no byte twice.
class FrameEndFinder {
public:
    /// Bytes up to and including EOI, or 0 when the end is not there yet.
    std::size_t find(ringcast::ConstByteSpan region) noexcept;
    void reset() noexcept { *this = FrameEndFinder(); }

private:
    std::size_t position_ = 2; ///< behind SOI: the next segment, or picture data not yet searched
    bool in_picture_ = false;
};

struct Slot {
    std::byte* memory = nullptr;
    ringcast::ConstByteSpan part; ///< part header, JPEG, boundary
    std::uint64_t number = 0;     ///< counts frames; 0 is none
    std::uint32_t users = 0;      ///< sends under way, and one for being the newest
};

/// Slots and the frame that is being read. The last slot freed is taken first: its memory is still
/// in the cache.
class FrameInput {
public:
    FrameInput();

    /// Where the next bytes of standard input belong.
    ringcast::ByteSpan room() noexcept;
    /// Takes `bytes` that were read into room(). Returns true when there is a newer frame.
    bool add(std::size_t bytes) noexcept;

    /// The newest frame; number 0 before the first.
    [[nodiscard]] Slot& newest() noexcept { return slots_[newest_]; }
    void acquire(Slot& slot) noexcept { ++slot.users; }
    void release(Slot& slot) noexcept;

private:
    void publish(std::size_t jpeg_bytes) noexcept;
    [[nodiscard]] std::byte* payload(std::size_t slot) noexcept;

    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::size_t writing_ = 0;
    std::size_t newest_ = 0;
    std::size_t filled_ = 0;
    std::uint64_t frames_ = 0;
    FrameEndFinder finder_;
};

/// A non-blocking listener on 127.0.0.1 (or `address`) with the flags that accepted sockets inherit
/// and that ringcast sets: TCP_NODELAY, TCP_NOTSENT_LOWAT. Ends the program when it can't.
int listen_on(const char* address, std::uint16_t port);

/// Reads "ADDRESS:PORT" from the command line and listens there. Ends the program when it can't.
int listen_from_arguments(int argc, char** argv);

} // namespace bench
