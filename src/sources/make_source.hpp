#pragma once
// From a stream's configuration to its source: the one place that knows all kinds.

#include <memory>

#include "ringcast/base/result.hpp"
#include "ringcast/config/config.hpp"
#include "ringcast/io/ring.hpp"
#include "ringcast/source/frame_source.hpp"

namespace ringcast::sources {

/// The error says what is wrong with how ringcast was started: a terminal as standard input.
/// Programs and files may be missing now and come later. `ring` outlives the source.
[[nodiscard]] Result<std::unique_ptr<source::FrameSource>>
make_source(const config::StreamConfig& stream, io::Ring& ring);

} // namespace ringcast::sources
