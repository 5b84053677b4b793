#pragma once
// Reads the keys of the source "http".

#include "config/config.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

/// `header`: the position of the stream's table. Problems are reported to `reader`.
[[nodiscard]] UpstreamConfig read_upstream(Reader& reader, Position header, const Section& stream);

} // namespace ringcast::config
