#include "app/source_word.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "app/access_command_line.hpp"
#include "app/client_command_line.hpp"
#include "config/did_you_mean.hpp"
#include "http/url.hpp"
#include "input/video_file.hpp"

namespace ringcast::app {

namespace {

bool is_frame_file(const std::string& path) {
    constexpr std::array<std::string_view, 4> extensions{".mjpeg", ".mjpg", ".jpg", ".jpeg"};
    return std::ranges::find(extensions, input::lower_case_extension(path)) != extensions.end();
}

std::string unknown_source(const std::string& word, std::filesystem::file_type type) {
    constexpr std::array<std::string_view, 10> words{
        "pattern",   camera_word, cameras_word, doctor_word, bench_word,
        passwd_word, token_word,  link_word,    health_word, top_word};
    if (type == std::filesystem::file_type::character) {
        return fmt::format("{} is a device, but not a camera such as /dev/video0", word);
    }
    if (type == std::filesystem::file_type::regular) {
        if (const auto command = input::video_command(word)) {
            return fmt::format("SOURCE {} is a video, not JPEG frames; to show it: {}", word,
                               *command);
        }
        return fmt::format("SOURCE {} has none of the extensions .mjpeg, .mjpg, .jpg, .jpeg (JPEG "
                           "frames) and .toml (a configuration)",
                           word);
    }
    if (type != std::filesystem::file_type::not_found) {
        return fmt::format("SOURCE {} is neither a file nor a folder, {}", word, source_expected);
    }
    if (word.starts_with("/dev/")) {
        return fmt::format("{} does not exist; `ringcast cameras` lists the cameras", word);
    }
    if (is_frame_file(word) || word.find('/') != std::string::npos) {
        return fmt::format("SOURCE {}: no such file or folder", word);
    }
    const auto hint = config::closest(word, words);
    return fmt::format("unknown SOURCE {}, {}{}", word, source_expected,
                       hint ? fmt::format("; did you mean {}?", *hint)
                            : "; to show the output of a program: PROGRAM ... | ringcast -");
}

/// A camera by its name in libcamera, or by one of its devices, also by a link that udev has made.
std::optional<config::LibcameraConfig> named_camera(const std::string& word) {
    config::LibcameraConfig camera;
    if (word == camera_word) {
        return camera;
    }
    if (word.starts_with(camera_word) && word.size() > camera_word.size() + 1 &&
        word[camera_word.size()] == ':') {
        camera.camera = word.substr(camera_word.size() + 1);
        return camera;
    }
    std::error_code error;
    const bool device = std::filesystem::is_character_file(word, error);
    const std::filesystem::path path = std::filesystem::canonical(word, error);
    if (device && !error && path.filename().string().starts_with("video")) {
        camera.camera = path.string();
        return camera;
    }
    return std::nullopt;
}

} // namespace

Result<config::SourceConfig> recognise_source(const std::string& word) {
    if (word == "pattern") {
        return config::SourceConfig(config::PatternConfig{});
    }
    if (word == "-") {
        return config::SourceConfig(config::StdinConfig{});
    }
    if (word.find("://") != std::string::npos) {
        auto url = http::parse_url(word);
        if (!url) {
            return fail(fmt::format("SOURCE: {}", url.error().message));
        }
        config::UpstreamConfig upstream;
        upstream.url = std::move(*url);
        return config::SourceConfig(std::move(upstream));
    }
    if (auto camera = named_camera(word)) {
        return config::SourceConfig(std::move(*camera));
    }
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(word, error);
    if (std::filesystem::is_directory(status) ||
        (std::filesystem::is_regular_file(status) && is_frame_file(word))) {
        return config::SourceConfig(config::FileConfig{word, std::nullopt});
    }
    return fail(status.type() == std::filesystem::file_type::none
                    ? fmt::format("SOURCE {}: {}", word, error.message())
                    : unknown_source(word, status.type()));
}

} // namespace ringcast::app
