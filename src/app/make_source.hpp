#pragma once
// From a stream's configuration to its source: the one place that knows all kinds.

#include <memory>

#include "base/result.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"

namespace ringcast::app {

/// What sources are made of. All of it outlives them.
struct SourceParts {
    io::Engine& engine;
    capture::Cameras* cameras = nullptr; ///< there when a stream of the configuration is a camera
};

/// The error says what is wrong with how ringcast was started: a terminal as standard input.
/// Programs, files and cameras may be missing now and come later.
[[nodiscard]] Result<std::unique_ptr<source::FrameSource>>
make_source(const config::StreamConfig& stream, const SourceParts& parts);

} // namespace ringcast::app
