#pragma once
// Reads [access], and who may watch each stream. The files that it names are read elsewhere.

#include "config/config.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

void read_access(Reader& reader, const Table& root, AccessConfig& access);

/// `access`: as read before.
[[nodiscard]] StreamViewers read_stream_viewers(Reader& reader, const Section& stream,
                                                const AccessConfig& access);

} // namespace ringcast::config
