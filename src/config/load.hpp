#pragma once
// Turns TOML text into a validated Config, or into a list of all mistakes in it. Reads the
// configuration file only: sources check whether their programs and pictures exist.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/config.hpp"

namespace ringcast::config {

/// A larger file is not a configuration (a recording passed by mistake, for example).
inline constexpr std::size_t config_bytes_max = 1024UL * 1024UL;
inline constexpr std::size_t streams_max = 64;
inline constexpr std::size_t listen_addresses_max = 16;
inline constexpr std::size_t cors_origins_max = 64;
inline constexpr std::size_t hosts_max = 64;
inline constexpr std::size_t trusted_proxies_max = 64;
inline constexpr std::size_t access_names_max = 1000; ///< as many as a users file has

struct Problem {
    std::uint32_t line = 0;   ///< counted from 1; 0: the file as a whole
    std::uint32_t column = 0; ///< counted from 1
    std::string key;          ///< "viewers.stall_timeout"; empty for syntax errors
    std::string message;      ///< the value found and the value expected
};

/// All problems in the order of the file. A syntax error is reported alone, because the text after
/// it can't be parsed reliably.
struct Problems {
    std::string file;
    std::vector<Problem> list;

    /// One line each: "FILE:LINE:COLUMN: KEY: MESSAGE".
    [[nodiscard]] std::string text() const;
};

using LoadResult = tl::expected<Config, Problems>;

/// `file` is the file's name in messages.
[[nodiscard]] LoadResult parse(std::string_view text, std::string_view file);
[[nodiscard]] LoadResult load(const std::string& path);

} // namespace ringcast::config
