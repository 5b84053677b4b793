#include "app/missing_inputs.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/core.h>
#include <unistd.h>

#include "app/access_rules.hpp"
#include "base/printable.hpp"
#include "capture/tuning_file.hpp"
#include "config/toml_text.hpp"
#include "input/package_hint.hpp"
#include "input/video_file.hpp"

namespace ringcast::app {

namespace {

bool is_program(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// Searches as execvp does: the folders of PATH, unless the name contains a slash.
bool can_be_started(const std::string& program) {
    if (program.find('/') != std::string::npos) {
        return is_program(program);
    }
    const char* const path = std::getenv("PATH");
    std::string_view folders = path == nullptr ? "/bin:/usr/bin" : path;
    // Bounded by the length of PATH: each turn removes a folder from it.
    for (;;) {
        const std::size_t end = folders.find(':');
        if (is_program(std::filesystem::path(folders.substr(0, end)) / program)) {
            return true;
        }
        if (end == std::string_view::npos) {
            return false;
        }
        folders.remove_prefix(end + 1);
    }
}

std::string problem_of(const config::ExecConfig& exec) {
    const std::string& program = exec.command.front();
    if (can_be_started(program)) {
        return {};
    }
    const std::string_view package = input::package_of(program);
    return fmt::format("the program {} was not found{}", config::toml_quoted(program),
                       package.empty() ? "" : fmt::format(" (package {})", package));
}

std::string problem_of(const config::FileConfig& file) {
    std::error_code error;
    if (!std::filesystem::exists(file.path, error)) {
        return fmt::format("there is no file or folder {}", config::toml_quoted(file.path));
    }
    const auto command = input::video_command(file.path);
    return command ? fmt::format("{} is a video, not JPEG frames; to show it: {}",
                                 config::toml_quoted(file.path), *command)
                   : std::string();
}

std::string problem_of(const config::LibcameraConfig& camera) {
    return camera.tuning.empty() ? std::string()
                                 : printable_text(capture::missing_tuning_file(camera.tuning));
}

std::string problem_of(const config::UpstreamConfig& upstream) {
    std::error_code error;
    const std::string& path = upstream.credentials_file;
    return path.empty() || std::filesystem::exists(path, error)
               ? std::string()
               : fmt::format("there is no file {}", config::toml_quoted(path));
}

template <typename Source>
std::string problem_of(const Source& /*source*/) {
    return {};
}

/// Nothing where this user may not read them: ringcast often runs as another one.
std::string problem_of_access_files(const config::Config& config) {
    if (!config.access.restricted()) {
        return {};
    }
    for (const std::string& path :
         {config.access.users_file, config.access.tokens_file, config.access.link_key_file}) {
        if (!path.empty() && ::access(path.c_str(), R_OK) != 0 && errno == EACCES) {
            return {};
        }
    }
    const auto rules = load_access_rules(config);
    return rules ? unknown_names_warning(*rules) : rules.error().message;
}

} // namespace

std::string missing_inputs(const config::Config& config) {
    std::string lines;
    if (const std::string problem = problem_of_access_files(config); !problem.empty()) {
        lines = fmt::format("ringcast: warning: {}\n", problem);
    }
    for (const config::StreamConfig& stream : config.streams) {
        const std::string problem =
            std::visit([](const auto& source) { return problem_of(source); }, stream.source);
        if (!problem.empty()) {
            lines += fmt::format("ringcast: warning: stream {}: {}\n", stream.name, problem);
        }
    }
    return lines;
}

} // namespace ringcast::app
