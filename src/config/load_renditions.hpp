#pragma once
// Reads the renditions of a stream.

#include <vector>

#include "config/config.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

/// Reports every mistake.
[[nodiscard]] std::vector<RenditionConfig> read_renditions(Reader& reader, const Section& stream);
/// And who is moved between them.
[[nodiscard]] Adapt read_adapt(Reader& reader, const Section& stream);

} // namespace ringcast::config
