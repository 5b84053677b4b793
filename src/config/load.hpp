#pragma once
// From TOML text to a validated Config, or to every mistake in it at once. Reads one file and
// nothing else: whether a program or a picture exists is the sources' business.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/config.hpp"

namespace ringcast::config {

/// A configuration beyond this is a mistake (a frame given as a configuration, for instance).
inline constexpr std::size_t config_bytes_max = 1024UL * 1024UL;
inline constexpr std::size_t streams_max = 64;
inline constexpr std::size_t listen_addresses_max = 16;
inline constexpr std::size_t cors_origins_max = 64;

struct Problem {
    std::uint32_t line = 0;   ///< from 1; 0: the file as a whole
    std::uint32_t column = 0; ///< from 1
    std::string key;          ///< "viewers.stall_timeout"; empty for syntax errors
    std::string message;      ///< what was found and what was expected
};

/// All problems in the order of the file; a syntax error comes alone, because what follows it
/// can't be trusted.
struct Problems {
    std::string file;
    std::vector<Problem> list;

    /// One line each: "FILE:LINE:COLUMN: KEY: MESSAGE".
    [[nodiscard]] std::string text() const;
};

using LoadResult = tl::expected<Config, Problems>;

/// `file` is how messages call it.
[[nodiscard]] LoadResult parse(std::string_view text, std::string_view file);
[[nodiscard]] LoadResult load(const std::string& path);

} // namespace ringcast::config
