// The frame scanner must find the same frames however a stream is split into reads, keep the region
// within its limit, and account for every byte.
//
// Input: one byte for frame_bytes_max, one for the number of chunk sizes, one per chunk size, the
// stream.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/stamp.hpp"
#include "tests/jpeg/chunked_scan.hpp"

using namespace ringcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t frame_bytes_unit = 32;
constexpr std::size_t chunk_sizes_max = 16;

void check_log(const test::ScanLog& log, std::size_t stream_bytes, std::size_t frame_bytes_max) {
    std::uint64_t accounted = log.bytes_skipped + log.bytes_pending + log.tail_bytes;
    for (const test::ScanEvent& event : log.events) {
        accounted += event.bytes;
        if (event.outcome == jpeg::ScanOutcome::frame) {
            RINGCAST_ASSERT(event.bytes <= frame_bytes_max);
            RINGCAST_ASSERT(event.width > 0);
            RINGCAST_ASSERT(event.height > 0);
            const auto info = jpeg::inspect(event.frame);
            RINGCAST_ASSERT(info.has_value());
            RINGCAST_ASSERT(info->bytes == event.frame.size());
            RINGCAST_ASSERT(event.frame[0] == std::byte{0xFF} && event.frame[1] == std::byte{0xD8});
            RINGCAST_ASSERT(event.frame[event.frame.size() - 2] == std::byte{0xFF});
            RINGCAST_ASSERT(event.frame.back() == std::byte{0xD9});
            static_cast<void>(jpeg::read_stamp(event.frame));
        } else if (event.outcome == jpeg::ScanOutcome::oversized) {
            RINGCAST_ASSERT(event.bytes > frame_bytes_max);
        }
    }
    RINGCAST_ASSERT(accounted == stream_bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ConstByteSpan input = std::as_bytes(std::span(data, size));
    if (input.size() < 2) {
        return 0;
    }
    const std::size_t frame_bytes_max =
        frame_bytes_unit * (1U + std::to_integer<std::size_t>(input[0]));
    const std::size_t size_count = 1 + std::to_integer<std::size_t>(input[1]) % chunk_sizes_max;
    input = input.subspan(2);
    if (input.size() <= size_count) {
        return 0;
    }
    std::vector<std::size_t> chunk_sizes;
    for (const std::byte chunk : input.first(size_count)) {
        chunk_sizes.push_back(1 + std::to_integer<std::size_t>(chunk));
    }
    const ConstByteSpan stream = input.subspan(size_count);

    const std::vector<std::size_t> one_read = {stream.size()};
    const test::ScanLog whole = test::scan_in_chunks(stream, frame_bytes_max, one_read, true);
    check_log(whole, stream.size(), frame_bytes_max);
    RINGCAST_ASSERT(test::scan_in_chunks(stream, frame_bytes_max, chunk_sizes, true) == whole);
    RINGCAST_ASSERT(test::scan_in_chunks(stream, frame_bytes_max, chunk_sizes, false) == whole);
    static_cast<void>(jpeg::inspect(stream));
    return 0;
}
