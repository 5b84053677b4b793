#pragma once
// Settings and parts of one stream, given at wiring. The reason for each bound is in
// docs/architecture.md.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "source/frame_source.hpp"
#include "source/picture_workers.hpp"

namespace ringcast::stream {

struct StreamSettings {
    /// Slots that are kept free for the source besides the latest frame.
    std::uint16_t slots_reserve = 2;
    /// Sends per system call: 64 of 100 KB hold the loop for 1.5 ms, 500 for up to 23 (measured).
    std::uint32_t submit_batch = 64;
    /// A stream without frames for this long, and for four of its usual intervals, has no signal.
    Duration silence_max = std::chrono::seconds(5);
    /// Time for the first frame of a stream before its viewers see "no picture has come yet".
    Duration first_frame_wait = std::chrono::seconds(1);
    Duration placeholder_period = std::chrono::seconds(1);
    /// A rendition ends, and its memory is given back, so long after its last viewer.
    Duration rendition_idle_after = std::chrono::seconds(10);
};

class Stream;

/// A smaller picture of a stream, which is made on demand.
struct RenditionSpec {
    std::string name;
    source::PictureTarget target;
    Duration period_min{}; ///< time between two frames; zero: all frames of the stream
    friend bool operator==(const RenditionSpec&, const RenditionSpec&) = default;
};

/// Which viewers that name no size are moved between renditions, as their links require.
enum class Adapting : std::uint8_t {
    browsers,  ///< the images of browsers; a recorder can't change its size
    everybody, ///< except other ringcasts, which pass the stream on
    nobody,
};

/// One stream, wired: the arena and the source outlive the relay.
struct StreamSetup {
    std::string name;
    frame::FrameArena* arena = nullptr;
    source::FrameSource* source = nullptr;
    std::string tier_reason; ///< why the frames' memory is not registered; empty when it is
    /// Time between two frames according to the configuration; zero if it names no rate.
    Duration period_expected{};
    /// The stream that this one is a rendition of, which outlives it; null: it is none.
    Stream* original = nullptr;
    std::string rendition{};                 ///< its name; empty: it is none
    std::vector<RenditionSpec> renditions{}; ///< that the stream has; none of a rendition
    Adapting adapting = Adapting::browsers;
};

} // namespace ringcast::stream
