#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "config/assign.hpp"
#include "config/describe.hpp"
#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/load_access.hpp"
#include "config/load_listen.hpp"
#include "config/load_picture.hpp"
#include "config/load_renditions.hpp"
#include "config/load_upstream.hpp"
#include "config/reader.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"
#include "http/authority.hpp"
#include "http/forwarded.hpp"

namespace ringcast::config {

namespace {

void read_origins(Reader& reader, const Section& section, std::vector<std::string>& read) {
    const auto origins = reader.texts(section, find_key("http", "cors_origins"), cors_origins_max);
    for (const ListedText& origin : origins.value_or(std::vector<ListedText>())) {
        if (!is_cors_origin(origin.text)) {
            reader.report(origin.node.position, origin.path,
                          fmt::format("found {}, expected an origin as browsers send it: scheme, "
                                      "host and port without a path, as in "
                                      "\"https://example.org\", or \"*\"",
                                      found_text(origin.node)));
        }
        read.emplace_back(origin.text);
    }
}

void read_hosts(Reader& reader, const Section& section, std::vector<std::string>& read) {
    const Key& key = find_key("http", "hosts");
    const auto hosts = reader.texts(section, key, hosts_max);
    for (const ListedText& host : hosts.value_or(std::vector<ListedText>())) {
        if (!http::is_authority(host.text) || http::host_of(host.text) != host.text) {
            reader.report(host.node.position, host.path,
                          fmt::format("found {}, expected a name without scheme, port and path, as "
                                      "in \"cam.example.org\"",
                                      found_text(host.node)));
        }
        read.emplace_back(host.text);
    }
}

void read_base_path(Reader& reader, const Section& section, std::string& read) {
    const Key& key = find_key("http", "base_path");
    const auto written = reader.text(section, key);
    if (!written) {
        return;
    }
    const auto path = http::forwarded_prefix(*written);
    if (!path || path->empty()) {
        return reader.refuse(*section.table.find(key.name), section, key);
    }
    read = *path;
}

void read_http(Reader& reader, const Table& root, HttpConfig& http) {
    if (const auto section = reader.section(root, "http")) {
        reader.check_key_names(*section, {});
        read_listen(reader, *section, http);
        read_origins(reader, *section, http.cors_origins);
        read_hosts(reader, *section, http.hosts);
        read_base_path(reader, *section, http.base_path);
    }
}

void read_viewers(Reader& reader, const Table& root, ViewersConfig& viewers) {
    const auto section = reader.section(root, "viewers");
    if (!section) {
        return;
    }
    reader.check_key_names(*section, {});
    assign(viewers.max, reader.number(*section, find_key("viewers", "max")));
    assign(viewers.max_per_address,
           reader.number(*section, find_key("viewers", "max_per_address")));
    assign_duration(viewers.stall_timeout,
                    reader.number(*section, find_key("viewers", "stall_timeout")));
    if (const auto send = reader.choice(*section, find_key("viewers", "send"), send_names())) {
        viewers.send = *send == "auto"   ? SendPathPolicy::automatic
                       : *send == "copy" ? SendPathPolicy::copy
                                         : SendPathPolicy::zero_copy;
    }
}

/// Rejects a stream's memory if it is too large to be registered with io_uring as one buffer:
/// without registration every send would copy.
void check_memory(Reader& reader, const Section& section, const MemoryConfig& memory) {
    const std::size_t bytes = stream_memory_bytes(memory);
    if (bytes <= stream_memory_bytes_max) {
        return;
    }
    constexpr std::size_t mebibyte = 1024UL * 1024UL;
    const std::string_view key = section.table.find("slots") != nullptr ? "slots" : "frame_max";
    reader.report(section.table.find(key)->position, fmt::format("{}.{}", section.path, key),
                  fmt::format("found {} slots of frame_max = {}, about {} MiB for each stream, "
                              "expected at most {} MiB, the largest buffer that io_uring "
                              "registers: lower slots or frame_max",
                              memory.slots, bytes_text(memory.frame_max),
                              (bytes + mebibyte - 1) / mebibyte,
                              stream_memory_bytes_max / mebibyte));
}

void read_memory(Reader& reader, const Table& root, MemoryConfig& memory) {
    if (const auto section = reader.section(root, "memory")) {
        reader.check_key_names(*section, {});
        assign(memory.frame_max, reader.number(*section, find_key("memory", "frame_max")));
        assign(memory.slots, reader.number(*section, find_key("memory", "slots")));
        assign(memory.picture_max,
               reader.picture_size(*section, find_key("memory", "picture_max")));
        check_memory(reader, *section, memory);
    }
}

void read_encoder(Reader& reader, const Table& root, EncoderConfig& encoder) {
    if (const auto section = reader.section(root, "encoder")) {
        reader.check_key_names(*section, {});
        if (const auto threads = reader.number(*section, find_key("encoder", "threads"))) {
            encoder.threads = static_cast<std::uint32_t>(*threads);
        }
    }
}

void read_server(Reader& reader, const Table& root, ServerConfig& server) {
    if (const auto section = reader.section(root, "server")) {
        reader.check_key_names(*section, {});
        if (const auto engine =
                reader.choice(*section, find_key("server", "engine"), engine_names())) {
            server.engine = *parse_engine(*engine);
        }
    }
}

void read_log(Reader& reader, const Table& root, LogConfig& log) {
    if (const auto section = reader.section(root, "log")) {
        reader.check_key_names(*section, {});
        if (const auto level =
                reader.choice(*section, find_key("log", "level"), log_level_names())) {
            log.level = *parse_log_level(*level);
        }
        if (const auto format =
                reader.choice(*section, find_key("log", "format"), log_format_names())) {
            log.format = parse_log_format(*format);
        }
    }
}

PatternConfig read_pattern(Reader& reader, const Section& stream) {
    PatternConfig pattern;
    assign(pattern.size, reader.picture_size(stream, find_key("streams", "size", "pattern")));
    assign(pattern.fps, reader.number(stream, find_key("streams", "fps", "pattern")));
    assign(pattern.quality, reader.number(stream, find_key("streams", "quality", "pattern")));
    return pattern;
}

ExecConfig read_exec(Reader& reader, Position header, const Section& stream) {
    constexpr std::size_t arguments_max = 1024;
    const Key& key = find_key("streams", "command", "exec");
    reader.require(header, stream, key);
    const Node* node = stream.table.find(key.name);
    const auto* line = node == nullptr ? nullptr : node->as<std::string>();
    if (line != nullptr && !line->empty()) {
        // The most likely mistake: show the corrected line, ready to paste.
        reader.report(node->position, fmt::format("{}.{}", stream.path, key.name),
                      fmt::format("found a shell command line, expected a list, because no shell "
                                  "is involved: command = {}",
                                  shell_line_as_toml_list(*line)));
        return {};
    }
    const auto words = reader.texts(stream, key, arguments_max);
    if (words && (words->empty() || words->front().text.empty())) {
        reader.refuse(*node, stream, key);
    }
    ExecConfig exec;
    for (const ListedText& word : words.value_or(std::vector<ListedText>())) {
        exec.command.emplace_back(word.text);
    }
    assign_duration(exec.timeout, reader.number(stream, find_key("streams", "timeout", "exec")));
    return exec;
}

FileConfig read_file(Reader& reader, Position header, const Section& stream) {
    const Key& key = find_key("streams", "path", "file");
    reader.require(header, stream, key);
    return {reader.text(stream, key).value_or(""),
            reader.number(stream, find_key("streams", "fps", "file"))};
}

/// Sets `target` to the enumerator with the index of `value` in `names`, counted from `first`.
template <typename Enumeration>
void assign_choice(Enumeration& target, const std::optional<std::string>& value,
                   std::span<const std::string_view> names, int first) {
    if (value) {
        const auto index = std::ranges::find(names, *value) - names.begin();
        target = static_cast<Enumeration>(first + index);
    }
}

/// The limits of pictures do not apply: a sensor's mode may be larger.
void read_sensor(Reader& reader, const Section& stream, SensorSetting& sensor) {
    const Key& key = find_key("streams", "sensor", "libcamera");
    const auto written = reader.text(stream, key);
    if (!written || *written == "full") {
        return;
    }
    if (*written == "auto") {
        sensor.kind = SensorSetting::Kind::automatic;
    } else if (const auto size = parse_picture_size(*written)) {
        sensor = {SensorSetting::Kind::named, *size};
    } else {
        reader.refuse(*stream.table.find(key.name), stream, key);
    }
}

/// A path that is relative would depend on the directory in which ringcast is started.
void read_tuning(Reader& reader, const Section& stream, std::string& tuning) {
    const Key& key = find_key("streams", "tuning", "libcamera");
    const auto written = reader.text(stream, key);
    if (!written) {
        return;
    }
    if (!written->starts_with('/') && written->find('/') != std::string::npos) {
        reader.refuse(*stream.table.find(key.name), stream, key);
        return;
    }
    tuning = *written;
}

LibcameraConfig read_libcamera(Reader& reader, const Section& stream) {
    const auto key = [](std::string_view name) -> const Key& {
        return find_key("streams", name, "libcamera");
    };
    LibcameraConfig source;
    source.camera = reader.text_or_index(stream, key("camera")).value_or("");
    source.size = reader.picture_size(stream, key("size"));
    assign(source.fps, reader.number(stream, key("fps")));
    const auto format = reader.choice(stream, key("format"), camera_format_names());
    source.format = format.value_or("auto") == "auto" ? "" : *format;
    assign(source.quality, reader.number(stream, key("quality")));
    read_sensor(reader, stream, source.sensor);
    assign(source.hdr, reader.boolean(stream, key("hdr")));
    read_tuning(reader, stream, source.tuning);
    source.controls = reader.controls(stream, key("controls"), camera_controls_max)
                          .value_or(std::vector<ControlSetting>());
    assign(source.on_demand, reader.boolean(stream, key("on_demand")));
    assign_duration(source.idle_after, reader.number(stream, key("idle_after")));
    assign_choice(source.tier, reader.choice(stream, key("tier"), camera_tier_names()),
                  camera_tier_names(), 0);
    return source;
}

SourceConfig read_source(Reader& reader, Position header, const Section& stream,
                         std::string_view source) {
    if (source == "pattern") {
        return read_pattern(reader, stream);
    }
    if (source == "exec") {
        return read_exec(reader, header, stream);
    }
    if (source == "file") {
        return read_file(reader, header, stream);
    }
    if (source == "libcamera") {
        return read_libcamera(reader, stream);
    }
    if (source == "http") {
        return read_upstream(reader, header, stream);
    }
    return StdinConfig{};
}

/// The streams read so far, and the owners of standard input and of the root path.
struct StreamsSoFar {
    std::vector<StreamConfig> list;
    std::string stdin_stream;   ///< the first one that reads standard input
    std::string default_stream; ///< the first one with default = true
};

/// Records `stream` as the owner of standard input or of the root path; reports an error if another
/// stream has it.
void claim(Reader& reader, std::string& owner, const Section& stream, std::string_view key,
           std::string_view property) {
    if (owner.empty()) {
        owner = stream.path;
        return;
    }
    reader.report(
        stream.table.find(key)->position, fmt::format("{}.{}", stream.path, key),
        fmt::format("[{}] already {}, expected at most one such stream", owner, property));
}

void read_stream(Reader& reader, const Entry& entry, const AccessConfig& access,
                 StreamsSoFar& streams) {
    const std::string path = fmt::format("{}.{}", streams_section, toml_key(entry.key));
    const auto* table = entry.value.as<Table>();
    if (table == nullptr) {
        reader.report(entry.value.position, path,
                      fmt::format("found {}, expected a table, as in [streams.printer]",
                                  found_text(entry.value)));
        return;
    }
    if (std::string problem = stream_name_problem(entry.key); !problem.empty()) {
        reader.report(entry.position, path, std::move(problem));
    }
    const Section stream{*table, streams_section, path};
    const Key& source_key = find_key("streams", "source");
    reader.require(entry.position, stream, source_key);
    const auto source = reader.choice(stream, source_key, source_names());
    reader.check_key_names(stream, source.value_or(""));
    const bool is_default = reader.boolean(stream, find_key("streams", "default")).value_or(false);
    if (is_default) {
        claim(reader, streams.default_stream, stream, "default", "is the default stream");
    }
    if (source == "stdin") {
        claim(reader, streams.stdin_stream, stream, "source", "reads standard input");
    }
    StreamViewers viewers = read_stream_viewers(reader, stream, access);
    if (source) {
        streams.list.push_back(
            {entry.key, is_default, read_source(reader, entry.position, stream, *source),
             std::move(viewers), read_renditions(reader, stream), read_adapt(reader, stream),
             read_turn(reader, stream), read_overlay(reader, stream)});
    }
}

std::vector<StreamConfig> read_streams(Reader& reader, const Table& root,
                                       const AccessConfig& access) {
    const auto section = reader.section(root, streams_section);
    const Node* node = root.find(streams_section);
    if (node == nullptr || (section && section->table.entries.empty())) {
        reader.report(node == nullptr ? Position{1, 1} : node->position,
                      std::string(streams_section),
                      "found no stream, expected at least one [streams.NAME]");
        return {};
    }
    if (!section) {
        return {};
    }
    StreamsSoFar streams;
    for (const Entry& entry : section->table.entries) {
        read_stream(reader, entry, access, streams);
    }
    if (section->table.entries.size() > streams_max) {
        reader.report(section->table.entries[streams_max].position, std::string(streams_section),
                      fmt::format("found {} streams, expected at most {}",
                                  section->table.entries.size(), streams_max));
    }
    if (streams.default_stream.empty() && !streams.list.empty()) {
        streams.list.front().is_default = true;
    }
    return std::move(streams.list);
}

LoadResult whole_file_problem(const std::string& path, std::string message) {
    return tl::unexpected(Problems{path, {{0, 0, "", std::move(message)}}});
}

} // namespace

std::string Problems::text() const {
    std::string text;
    for (const Problem& problem : list) {
        text += file;
        if (problem.line > 0) {
            text += fmt::format(":{}:{}", problem.line, problem.column);
        }
        text += problem.key.empty() ? fmt::format(": {}\n", problem.message)
                                    : fmt::format(": {}: {}\n", problem.key, problem.message);
    }
    return text;
}

LoadResult parse(std::string_view text, std::string_view file) {
    const auto document = parse_document(text);
    if (!document) {
        return tl::unexpected(Problems{std::string(file), {document.error()}});
    }
    const Table& root = *document->as<Table>();
    Reader reader;
    Config config;
    reader.check_section_names(root);
    read_server(reader, root, config.server);
    read_http(reader, root, config.http);
    read_access(reader, root, config.access);
    read_viewers(reader, root, config.viewers);
    read_memory(reader, root, config.memory);
    read_encoder(reader, root, config.encoder);
    read_log(reader, root, config.log);
    config.streams = read_streams(reader, root, config.access);
    if (auto problems = reader.take_problems(); !problems.empty()) {
        return tl::unexpected(Problems{std::string(file), std::move(problems)});
    }
    return config;
}

LoadResult load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return whole_file_problem(path, fmt::format("can't be opened: {}", std::strerror(errno)));
    }
    std::string text(config_bytes_max + 1, '\0');
    errno = 0;
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || errno == EISDIR) {
        return whole_file_problem(path, fmt::format("can't be read: {}", std::strerror(errno)));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > config_bytes_max) {
        return whole_file_problem(path, fmt::format("is larger than {} bytes, expected a "
                                                    "configuration file",
                                                    config_bytes_max));
    }
    return parse(text, path);
}

} // namespace ringcast::config
