#pragma once
// Describes the effect of a configuration in plain sentences, for `ringcast --check`.

#include <cstddef>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace ringcast::config {

[[nodiscard]] std::string describe(const Config& config);

/// The most that the slots of one stream take, bytes: with the largest page size in use, 64 KiB.
[[nodiscard]] std::size_t stream_memory_bytes(const MemoryConfig& memory) noexcept;
/// The largest buffer that io_uring registers.
inline constexpr std::size_t stream_memory_bytes_max = 1024UL * 1024UL * 1024UL;

/// The value in TOML syntax.
[[nodiscard]] std::string control_value_text(const ControlSetting::Value& value);

/// "pattern", "exec", "stdin", "file" or "libcamera".
[[nodiscard]] std::string_view source_name(const SourceConfig& source) noexcept;

} // namespace ringcast::config
