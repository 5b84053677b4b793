#pragma once
// Reads [http] listen: addresses, as texts or as tables with further properties.

#include <vector>

#include "config/config.hpp"
#include "config/reader.hpp"

namespace ringcast::config {

void read_listen(Reader& reader, const Section& section, HttpConfig& http);

} // namespace ringcast::config
