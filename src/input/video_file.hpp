#pragma once
// Recognises video files by their names, for messages. No I/O.

#include <optional>
#include <string>
#include <string_view>

namespace ringcast::input {

/// With the dot; empty without an extension.
[[nodiscard]] std::string lower_case_extension(std::string_view path);

/// If `path` is a video file by its extension, the shell command that plays it through ffmpeg; else
/// nothing.
[[nodiscard]] std::optional<std::string> video_command(const std::string& path);

} // namespace ringcast::input
