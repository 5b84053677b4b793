#pragma once
// Recognises SOURCE, the word of the command line that names where frames come from. Looks at the
// file system, and opens nothing.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

inline constexpr std::string_view source_expected =
    "expected camera, pattern, -, a .mjpeg or .jpg file, or a folder of JPEG files";
inline constexpr std::string_view camera_word = "camera";
inline constexpr std::string_view cameras_word = "cameras";
inline constexpr std::string_view doctor_word = "doctor";
inline constexpr std::string_view bench_word = "bench-encoder";

/// With the dot; empty without an extension.
[[nodiscard]] std::string lower_case_extension(const std::string& path);

/// The source that `word` stands for. The error says why there is none.
[[nodiscard]] Result<config::SourceConfig> recognise_source(const std::string& word);

/// If `path` is a video file by its extension, the shell command that plays it through ffmpeg; else
/// nothing.
[[nodiscard]] std::optional<std::string> video_command(const std::string& path);

} // namespace ringcast::app
