#pragma once
// What the relay is told at wiring. Each bound has its reason in docs/architecture.md.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "http/multipart.hpp"
#include "source/frame_source.hpp"
#include "viewer/viewer.hpp"

namespace ringcast::relay {

struct RelaySettings {
    explicit RelaySettings(const http::Boundary& process_boundary) : boundary(process_boundary) {}

    http::Boundary boundary;
    std::string version;
    std::vector<std::string> cors_origins;
    std::uint32_t viewers_max = 4096;
    std::uint32_t viewers_per_address_max = 0; ///< 0: no limit; never for peers on this host
    /// Connections beyond the viewers, so that status, metrics and health always answer.
    std::uint32_t connections_extra = 64;
    viewer::ViewerSettings viewer;
    /// Slots that are kept free for the source besides the latest frame.
    std::uint16_t slots_reserve = 2;
    /// Sends per system call: 64 of 100 KB hold the loop for 1.5 ms, 500 for up to 23 (measured).
    std::uint32_t submit_batch = 64;
    /// Time-outs of connections are looked at this often; all of them are seconds.
    Duration sweep_interval = std::chrono::milliseconds(250);
    /// How long a snapshot waits for a frame that is newer than its request.
    Duration snapshot_wait = std::chrono::seconds(3);
    /// A stream without frames for this long, and for four of its usual periods, has no signal.
    Duration silence_max = std::chrono::seconds(5);
    /// How long a new stream may take until its viewers are told that nothing has come yet.
    Duration first_frame_wait = std::chrono::seconds(1);
    Duration placeholder_period = std::chrono::seconds(1);
    /// Re-arming accept at once when descriptors have run out would spin.
    Duration accept_pause = std::chrono::milliseconds(100);
    /// How long the part in flight may take at shutdown.
    Duration shutdown_grace = std::chrono::seconds(2);
};

/// One stream, wired: the arena and the source outlive the relay.
struct StreamSetup {
    std::string name;
    frame::FrameArena* arena = nullptr;
    source::FrameSource* source = nullptr;
    std::string tier_reason; ///< why the frames' memory is not registered; empty when it is
};

} // namespace ringcast::relay
