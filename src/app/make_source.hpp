#pragma once
// Creates the source of a stream from its configuration: the one place that knows all kinds.

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "os/spawn.hpp"
#include "source/frame_source.hpp"

namespace ringcast::app {

/// Objects that sources use. They outlive the sources.
struct SourceParts {
    io::Engine& engine;
    capture::Cameras* cameras = nullptr; ///< not null when a stream is a camera
    os::SoftLimits program_limits{};     ///< of programs that are sources
    std::string_view instance{};         ///< id of this process in X-Ringcast-Via
};

/// A camera's pictures are changed as the configuration asks for; those of other sources are not. Fails
/// when standard input has to be read and is a terminal, and when a file with credentials
/// can't be used. Programs, files, cameras and servers may be missing now and appear later.
[[nodiscard]] Result<std::unique_ptr<source::FrameSource>>
make_source(const config::StreamConfig& stream, const SourceParts& parts);

/// Time between two frames of the rate that the configuration asks for; zero if it names none.
[[nodiscard]] Duration configured_period(const config::SourceConfig& source) noexcept;

} // namespace ringcast::app
