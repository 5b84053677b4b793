// Any text is either a valid configuration or results in a list of problems, each with a position.
//
// Input: the text of a configuration file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/assert.hpp"
#include "config/describe.hpp"
#include "config/keys.hpp"
#include "config/listen_address.hpp"
#include "config/load.hpp"

namespace {

using namespace ringcast::config;

void check_problems(const Problems& problems) {
    RINGCAST_ASSERT(!problems.list.empty());
    RINGCAST_ASSERT(std::ranges::is_sorted(problems.list, {}, [](const Problem& problem) {
        return std::pair(problem.line, problem.column);
    }));
    for (const Problem& problem : problems.list) {
        RINGCAST_ASSERT(problem.line >= 1);
        RINGCAST_ASSERT(problem.column >= 1);
        RINGCAST_ASSERT(!problem.message.empty());
        // Only a syntax error has no key, and it is reported alone.
        RINGCAST_ASSERT(!problem.key.empty() || problems.list.size() == 1);
    }
    const std::string text = problems.text();
    const auto lines = std::ranges::count(text, '\n');
    RINGCAST_ASSERT(static_cast<std::size_t>(lines) == problems.list.size());
}

void check_source(const SourceConfig& source) {
    if (const auto* pattern = std::get_if<PatternConfig>(&source)) {
        RINGCAST_ASSERT(within_limits(find_key("streams", "size", "pattern"), pattern->size));
        RINGCAST_ASSERT(within_limits(find_key("streams", "fps", "pattern"), pattern->fps));
        RINGCAST_ASSERT(within_limits(find_key("streams", "quality", "pattern"), pattern->quality));
    } else if (const auto* exec = std::get_if<ExecConfig>(&source)) {
        RINGCAST_ASSERT(!exec->command.empty());
        RINGCAST_ASSERT(!exec->command.front().empty());
        RINGCAST_ASSERT(within_limits(find_key("streams", "timeout", "exec"),
                                      std::chrono::duration<double>(exec->timeout).count()));
    } else if (const auto* file = std::get_if<FileConfig>(&source)) {
        RINGCAST_ASSERT(!file->path.empty());
    } else if (const auto* camera = std::get_if<LibcameraConfig>(&source)) {
        RINGCAST_ASSERT(!camera->size ||
                        within_limits(find_key("streams", "size", "libcamera"), *camera->size));
        RINGCAST_ASSERT(within_limits(find_key("streams", "fps", "libcamera"), camera->fps));
        RINGCAST_ASSERT(
            within_limits(find_key("streams", "quality", "libcamera"), camera->quality));
        RINGCAST_ASSERT(!camera_tier_name(camera->tier).empty());
    }
}

void check_config(const Config& config) {
    RINGCAST_ASSERT(!config.streams.empty());
    RINGCAST_ASSERT(config.streams.size() <= streams_max);
    RINGCAST_ASSERT(std::ranges::count(config.streams, true, &StreamConfig::is_default) == 1);
    for (const StreamConfig& stream : config.streams) {
        RINGCAST_ASSERT(stream_name_problem(stream.name).empty());
        RINGCAST_ASSERT(std::ranges::count(config.streams, stream.name, &StreamConfig::name) == 1);
        check_source(stream.source);
    }
    RINGCAST_ASSERT(!config.http.listen.empty());
    for (const ListenConfig& listen : config.http.listen) {
        RINGCAST_ASSERT(parse_listen_address(listen_address_text(listen.address)).value() ==
                        listen.address);
    }
    RINGCAST_ASSERT(within_limits(find_key("viewers", "max"), config.viewers.max));
    RINGCAST_ASSERT(within_limits(find_key("memory", "slots"), config.memory.slots));
    RINGCAST_ASSERT(within_limits(find_key("memory", "frame_max"),
                                  static_cast<double>(config.memory.frame_max)));
    RINGCAST_ASSERT(!describe(config).empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (size > config_bytes_max) {
        return 0;
    }
    if (const LoadResult result = parse(text, "fuzz.toml")) {
        check_config(*result);
    } else {
        check_problems(result.error());
    }
    return 0;
}
