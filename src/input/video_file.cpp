#include "input/video_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

namespace ringcast::input {

namespace {

/// As one word of a shell.
std::string shell_quoted(const std::string& word) {
    const bool plain = std::ranges::all_of(word, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("._-/+:,@%").find(c) != std::string_view::npos;
    });
    if (plain) {
        return word;
    }
    std::string quoted = "'";
    for (const char c : word) {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return quoted + "'";
}

} // namespace

std::string lower_case_extension(std::string_view path) {
    std::string extension = std::filesystem::path(path).extension().string();
    std::ranges::transform(extension, extension.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return extension;
}

std::optional<std::string> video_command(const std::string& path) {
    constexpr std::array<std::string_view, 20> extensions{
        ".mp4", ".m4v",  ".mov", ".mkv",  ".webm", ".avi", ".ts",  ".m2ts", ".mts", ".mpg",
        ".flv", ".mpeg", ".wmv", ".h264", ".h265", ".264", ".265", ".hevc", ".ogv", ".3gp"};
    if (std::ranges::find(extensions, lower_case_extension(path)) == extensions.end()) {
        return std::nullopt;
    }
    // -re: at the video's own rate, not as fast as it can be decoded.
    return fmt::format("ffmpeg -re -stream_loop -1 -i {} -q:v 4 -f mjpeg - | ringcast -",
                       shell_quoted(path));
}

} // namespace ringcast::input
