#pragma once
// Says in plain sentences what a configuration means, for `ringcast --check`.

#include <cstddef>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace ringcast::config {

[[nodiscard]] std::string describe(const Config& config);

/// What the slots of one stream take at most, bytes: on a system with the largest pages in use.
[[nodiscard]] std::size_t stream_memory_bytes(const MemoryConfig& memory) noexcept;
/// The largest piece of memory that io_uring registers.
inline constexpr std::size_t stream_memory_bytes_max = 1024UL * 1024UL * 1024UL;

/// As TOML writes it.
[[nodiscard]] std::string control_value_text(const ControlSetting::Value& value);

/// "pattern", "exec", "stdin", "file" or "libcamera".
[[nodiscard]] std::string_view source_name(const SourceConfig& source) noexcept;

} // namespace ringcast::config
