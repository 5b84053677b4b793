#pragma once
// Describes the effect of a configuration in plain sentences, for `ringcast --check`.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace ringcast::config {

[[nodiscard]] std::string describe(const Config& config);

/// An upper bound of the memory of one stream's slots, bytes; for pages of 64 KiB, the largest in
/// use.
[[nodiscard]] std::size_t stream_memory_bytes(const MemoryConfig& memory) noexcept;
/// The largest buffer that io_uring registers.
inline constexpr std::size_t stream_memory_bytes_max = 1024UL * 1024UL * 1024UL;

/// The value in TOML syntax.
[[nodiscard]] std::string control_value_text(const ControlSetting::Value& value);
/// The table in TOML syntax: "{ AfMode = "continuous", Brightness = 0.1 }".
[[nodiscard]] std::string controls_text(std::span<const ControlSetting> controls);

/// "pattern", "exec", "stdin", "file" or "libcamera".
[[nodiscard]] std::string_view source_name(const SourceConfig& source) noexcept;

} // namespace ringcast::config
