#pragma once
// Records when the frames of a stream arrive, and what is left of the headers of their parts. Keeps
// no pictures. No I/O, no clock.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "upstream/part_reader.hpp"

namespace ringcast::app {

/// A frame all of whose bytes have arrived.
struct ReceivedFrame {
    std::optional<WallTime> captured; ///< X-Timestamp
    Instant arrived{};
};

struct StreamRecord {
    std::vector<ReceivedFrame> frames; ///< in the order of their arrival
    std::uint64_t bytes = 0;           ///< of the body, framing included
    std::size_t placeholders = 0;      ///< of the frames: "no signal" pictures
    /// The body is not what ringcast sends: no delimiters, or parts without Content-Length. No
    /// frames are found from there on.
    bool framing_lost = false;
};

class StreamRecorder {
public:
    /// More are not recorded: 15 s at the highest rate of a stream, 1000 frames/s.
    static constexpr std::size_t frames_max = 15'000;

    /// `boundary`: as in the Content-Type of the answer.
    explicit StreamRecorder(std::string_view boundary);
    /// The next bytes of the body, which arrived at `now`.
    void take(ConstByteSpan bytes, Instant now);
    [[nodiscard]] const StreamRecord& record() const noexcept { return record_; }

private:
    void begin_content();
    void finish_frame(Instant now);

    upstream::PartReader parts_;
    StreamRecord record_;
    std::optional<std::uint64_t> content_left_; ///< bytes; nothing while a part's head is read
};

} // namespace ringcast::app
