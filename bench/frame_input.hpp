#pragma once
// Shared by the two reference servers (floor, bare_send): reads frames from standard input into
// slots and writes part header and boundary around each JPEG once, so that a frame is one span.
// Written for speed and only for the feeder's frames: unlike ringcast it trusts its input.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace bench {

inline constexpr std::size_t frame_bytes_max = 4U << 20U;
inline constexpr std::size_t slots_max = 64;

/// The response head, with the first boundary.
std::string_view response_head() noexcept;

/// Finds the end of a JPEG that begins at the region's first byte. Reads no byte twice.
class FrameEndFinder {
public:
    /// The number of bytes up to and including EOI, or 0 when EOI has not arrived yet.
    std::size_t find(ringcast::ConstByteSpan region) noexcept;
    void reset() noexcept { *this = FrameEndFinder(); }

private:
    std::size_t position_ = 2; ///< of the next segment, or of scan data that has not been searched
    bool in_picture_ = false;
};

struct Slot {
    std::byte* memory = nullptr;
    ringcast::ConstByteSpan part; ///< part header, JPEG, boundary
    std::uint64_t number = 0;     ///< sequence number of the frame; 0 for no frame
    std::uint32_t users = 0;      ///< sends in flight, plus one for the newest frame
};

/// The slots, and the frame that is being read. The slot that was freed last is used first, because
/// its memory is still in the cache.
class FrameInput {
public:
    FrameInput();

    /// The memory for the next bytes of standard input.
    ringcast::ByteSpan room() noexcept;
    /// Accounts for `bytes` that were read into room(). True when there is a newer frame.
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

/// A non-blocking listener on `address`, with the socket options that accepted sockets inherit and
/// that ringcast sets: TCP_NODELAY, TCP_NOTSENT_LOWAT. Ends the program on failure.
int listen_on(const char* address, std::uint16_t port);

/// Reads "ADDRESS:PORT" from the command line and listens there. Ends the program on failure.
int listen_from_arguments(int argc, char** argv);

} // namespace bench
