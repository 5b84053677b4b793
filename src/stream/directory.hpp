#pragma once
// The streams that requests can name.

#include <span>
#include <string>

#include "io/token.hpp"

namespace ringcast::stream {

struct DirectoryEntry {
    std::string name;
    io::StreamId id;
};

struct Directory {
    std::span<const DirectoryEntry> entries; ///< in the order of the configuration
    io::StreamId default_stream;             ///< is served at the root too; one of `entries`
};

} // namespace ringcast::stream
