#pragma once
// Recognises SOURCE, the word of the command line that names where frames come from. Looks at the
// file system, and opens nothing.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

inline constexpr std::string_view source_expected =
    "expected camera, pattern, -, an http:// address, a .mjpeg or .jpg file, or a folder of JPEG files";
inline constexpr std::string_view camera_word = "camera";
inline constexpr std::string_view cameras_word = "cameras";
inline constexpr std::string_view doctor_word = "doctor";
inline constexpr std::string_view bench_word = "bench-encoder";

/// The source that `word` stands for. The error says why there is none.
[[nodiscard]] Result<config::SourceConfig> recognise_source(const std::string& word);

} // namespace ringcast::app
