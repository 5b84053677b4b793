#include "config/describe.hpp"

#include <array>
#include <cstddef>
#include <type_traits>

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/listen_address.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"
#include "http/url.hpp"

namespace ringcast::config {

namespace {

/// "http://127.0.0.1:8080"; for a wildcard address, with the placeholder HOST.
std::string url_base(const ListenAddress& address) {
    if (const auto* unix_socket = std::get_if<ListenUnix>(&address)) {
        return fmt::format("unix:{}:", unix_socket->path);
    }
    if (std::holds_alternative<ListenPassed>(address)) {
        return fmt::format("{}:", listen_address_text(address));
    }
    if (is_wildcard(address)) {
        return fmt::format("http://HOST:{}", std::get<ListenTcp>(address).port);
    }
    return fmt::format("http://{}", listen_address_text(address));
}

std::string source_sentence(const PatternConfig& pattern) {
    return fmt::format("draws a test pattern, {} at {} frames/s, JPEG quality {}",
                       picture_size_text(pattern.size), number_text(pattern.fps), pattern.quality);
}

std::string source_sentence(const ExecConfig& exec) {
    const std::string restart =
        exec.timeout > Duration::zero()
            ? fmt::format(", and restarts it after {} without one", duration_text(exec.timeout))
            : std::string();
    return fmt::format("runs {} and reads JPEG frames from its standard output{}",
                       toml_list(exec.command), restart);
}

std::string source_sentence(const StdinConfig& /*stdin_source*/) {
    return "reads JPEG frames from standard input";
}

std::string source_sentence(const FileConfig& file) {
    const std::string rate =
        file.fps ? fmt::format("{} frames/s", number_text(*file.fps))
                 : std::string("30 frames/s if it is a .mjpeg file, else 1 frame/s");
    return fmt::format("plays {} in a loop, {}", toml_quoted(file.path), rate);
}

std::string source_sentence(const LibcameraConfig& camera) {
    std::string text = camera.camera.empty()
                           ? std::string("shows the only camera")
                           : fmt::format("shows the camera {}", toml_quoted(camera.camera));
    text += camera.size ? fmt::format(", {}", picture_size_text(*camera.size))
                        : std::string(", in its largest size up to 1280x720");
    text += fmt::format(" at {} frames/s", number_text(camera.fps));
    text += camera.format.empty()
                ? fmt::format(", as MJPEG if it supports that, else encoded with JPEG quality {}",
                              camera.quality)
            : camera.format == "MJPEG" ? std::string(", as MJPEG")
                                       : fmt::format(", encoded from {} with JPEG quality {}",
                                                     camera.format, camera.quality);
    if (camera.sensor.kind != SensorSetting::Kind::full) {
        text += camera.sensor.kind == SensorSetting::Kind::automatic
                    ? std::string(", in the sensor mode that libcamera chooses")
                    : fmt::format(", in the sensor mode {}", picture_size_text(camera.sensor.size));
    }
    text += camera.hdr ? ", with HDR of the sensor" : "";
    text += camera.tuning.empty() ? std::string() : ", tuned by " + toml_quoted(camera.tuning);
    for (const ControlSetting& control : camera.controls) {
        text += fmt::format(", {} = {}", toml_key(control.name), control_value_text(control.value));
    }
    if (camera.tier != CameraTier::automatic) {
        text += fmt::format(", memory tier {}", camera_tier_name(camera.tier));
    }
    return text + (camera.on_demand ? fmt::format("; it is stopped {} after its last viewer",
                                                  duration_text(camera.idle_after))
                                    : std::string());
}

std::string source_sentence(const UpstreamConfig& upstream) {
    std::string text = fmt::format(
        "shows the stream of {}",
        upstream.socket_path.empty()
            ? http::without_secrets(upstream.url)
            : fmt::format("the server at {} ({})", upstream.socket_path, upstream.url.target));
    if (!upstream.url.user.empty()) {
        text += ", with the user name and password of its address";
    } else if (!upstream.credentials_file.empty()) {
        text += fmt::format(", with the user name and password in {}",
                            toml_quoted(upstream.credentials_file));
    }
    if (upstream.poll) {
        text += fmt::format(", asked for every {} if it is a single picture",
                            duration_text(*upstream.poll));
    }
    text += fmt::format("; it is connected to again after {} without a frame",
                        duration_text(upstream.timeout));
    return text + (upstream.on_demand ? fmt::format(", and disconnected {} after its last viewer",
                                                    duration_text(upstream.idle_after))
                                      : std::string());
}

std::string_view who_can_watch(const ListenConfig& listen, const AccessConfig& access) {
    if (access.restricted() && !listen.open) {
        return "it asks for a password";
    }
    if (std::holds_alternative<ListenPassed>(listen.address)) {
        return "the socket unit says who can reach it";
    }
    return is_local(listen.address) ? "only this machine can watch"
                                    : "anyone who can reach this address can watch, there is no "
                                      "password";
}

std::string listen_sentences(const HttpConfig& http, const AccessConfig& access) {
    std::string text;
    for (const ListenConfig& listen : http.listen) {
        text += fmt::format(
            "Listens on {}: {}{}.\n", listen_address_text(listen.address),
            who_can_watch(listen, access),
            listen.proxy_protocol ? "; each connection must begin with a PROXY header" : "");
    }
    if (http.cors_origins.empty()) {
        text += "Scripts of pages on other hosts can't read the stream (cors_origins is empty).\n";
    } else {
        text += fmt::format(
            "Scripts of pages on this host and of these origins may read the stream: {}.\n",
            fmt::join(http.cors_origins, ", "));
    }
    return text;
}

std::string access_sentences(const AccessConfig& access) {
    std::string text;
    const auto add = [&text](std::string_view what, const std::string& value) {
        if (!value.empty()) {
            text += fmt::format("{} {}.\n", what, value);
        }
    };
    add("Users and hashes of their passwords are in", access.users_file);
    add("Digests of tokens are in", access.tokens_file);
    add("Links are signed with the key in", access.link_key_file);
    add("Administrators are", fmt::format("{}", fmt::join(access.admins, ", ")));
    add("The addresses of viewers that these proxies send are believed:",
        fmt::format("{}", fmt::join(access.trusted_proxies, ", ")));
    return text;
}

std::string viewers_sentence(const StreamViewers& viewers) {
    switch (viewers.kind) {
    case StreamViewers::Kind::known:
        return {};
    case StreamViewers::Kind::everybody:
        return "  Everybody may watch it.\n";
    case StreamViewers::Kind::named:
        break;
    }
    return fmt::format("  It may be watched by {}.\n", fmt::join(viewers.names, ", "));
}

std::string renditions_sentence(const std::vector<RenditionConfig>& renditions) {
    std::string text;
    for (const RenditionConfig& rendition : renditions) {
        text += fmt::format(", ?size={} fitted into {}", rendition.name,
                            picture_size_text(rendition.size));
        if (rendition.fps) {
            text += fmt::format(" with at most {} frames/s", number_text(*rendition.fps));
        }
        text += fmt::format(" and JPEG quality {}", rendition.quality);
    }
    return fmt::format("  Smaller pictures are made while somebody watches: ?size=half, "
                       "?size=quarter{}.\n",
                       text);
}

std::string_view adapt_sentence(Adapt adapt) {
    switch (adapt) {
    case Adapt::browsers:
        return "  Browsers whose link is too slow for the picture are sent smaller ones.\n";
    case Adapt::everybody:
        return "  Viewers whose link is too slow for the picture are sent smaller ones.\n";
    case Adapt::nobody:
        return "  Nobody is sent smaller pictures who does not ask for them.\n";
    }
    return {};
}

std::string turn_sentence(const StreamConfig& stream) {
    const PictureTurn& turn = stream.turn;
    if (turn == PictureTurn{}) {
        return {};
    }
    std::string text;
    if (turn.rotate != Rotation::none) {
        text = fmt::format("rotated by {} degrees clockwise{}", rotation_name(turn.rotate),
                           turn.mirror ? ", then " : "");
    }
    text += turn.mirror ? "mirrored" : "";
    const bool camera = std::holds_alternative<LibcameraConfig>(stream.source);
    const std::string_view how =
        camera
            ? "by the camera if it can, raw ones before they are encoded, others without loss "
              "where their size is a multiple of the JPEG's blocks, else decoded and encoded "
              "again"
            : "without loss where their size is a multiple of the JPEG's blocks, else decoded and "
              "encoded again";
    // Where a text is drawn into them, that says how.
    return stream.overlay ? fmt::format("  Its pictures are {}.\n", text)
                          : fmt::format("  Its pictures are {}: {}.\n", text, how);
}

std::string overlay_sentence(const StreamConfig& stream) {
    if (!stream.overlay) {
        return {};
    }
    const bool camera = std::holds_alternative<LibcameraConfig>(stream.source);
    return fmt::format("  The text {} is drawn into its pictures ({}): {}.\n",
                       toml_quoted(stream.overlay->text), corner_name(stream.overlay->position),
                       camera ? "raw ones before they are encoded, others are decoded and encoded "
                                "again"
                              : "each is decoded and encoded again");
}

std::string viewers_sentences(const ViewersConfig& viewers) {
    const std::string per_address =
        viewers.max_per_address == 0
            ? std::string()
            : fmt::format(", at most {} from one address (this machine excepted)",
                          viewers.max_per_address);
    constexpr std::array<std::string_view, 3> send_paths{
        "sent with zero-copy or copied, chosen for each connection", "always sent with zero-copy",
        "always copied"};
    return fmt::format("Accepts up to {} viewers{}. A viewer that reads nothing for {} is "
                       "disconnected.\nFrames are {}.\n",
                       viewers.max, per_address, duration_text(viewers.stall_timeout),
                       send_paths[static_cast<std::size_t>(viewers.send)]);
}

std::string stream_sentences(const StreamConfig& stream, const Config& config) {
    std::string text = fmt::format(
        "Stream \"{}\"{} {}.\n", stream.name, stream.is_default ? " (the default)" : "",
        std::visit([](const auto& source) { return source_sentence(source); }, stream.source));
    text +=
        fmt::format("  Keeps up to {} frames of at most {} and {}: about {:.0f} MiB of memory.\n",
                    config.memory.slots, bytes_text(config.memory.frame_max),
                    picture_size_text(config.memory.picture_max),
                    static_cast<double>(stream_memory_bytes(config.memory)) / (1024.0 * 1024.0));
    text += turn_sentence(stream);
    text += overlay_sentence(stream);
    text += renditions_sentence(stream.renditions);
    text += adapt_sentence(stream.adapt);
    text += viewers_sentence(stream.viewers);
    for (const ListenConfig& listen : config.http.listen) {
        const std::string base = url_base(listen.address) + config.http.base_path;
        text += fmt::format(
            "  {}/{}/stream, pictures at {}/{}/snapshot{}\n", base, stream.name, base, stream.name,
            stream.is_default ? fmt::format("; also {}/stream and {}/snapshot", base, base) : "");
    }
    return text;
}

} // namespace

std::size_t stream_memory_bytes(const MemoryConfig& memory) noexcept {
    // Besides the frame, a slot contains a page of headroom, the read-ahead of a byte stream, and
    // the tail (boundary and part header), rounded up to whole pages. This module does not know the
    // slots, so these are upper bounds; the server asserts that its slots stay within them.
    constexpr std::size_t read_ahead = 64UL * 1024UL;
    constexpr std::size_t page_max = 64UL * 1024UL;
    constexpr std::size_t tail_max = 1024;
    const std::size_t wanted = page_max + memory.frame_max + read_ahead + tail_max;
    return memory.slots * ((wanted + page_max - 1) / page_max * page_max);
}

std::string control_value_text(const ControlSetting::Value& value) {
    if (const auto* boolean = std::get_if<bool>(&value)) {
        return *boolean ? "true" : "false";
    }
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return fmt::format("{}", *integer);
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return number_text(*number);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return toml_quoted(*text);
    }
    return fmt::format("[{}]", fmt::join(std::get<std::vector<double>>(value), ", "));
}

std::string controls_text(std::span<const ControlSetting> controls) {
    std::string text;
    for (const ControlSetting& control : controls) {
        text += fmt::format("{} {} = {}", text.empty() ? "" : ",", toml_key(control.name),
                            control_value_text(control.value));
    }
    return text.empty() ? "{}" : fmt::format("{{{} }}", text);
}

std::string_view source_name(const SourceConfig& source) noexcept {
    // source_names() is in the order of the variant's alternatives.
    return source_names()[source.index()];
}

std::string describe(const Config& config) {
    constexpr std::array<std::string_view, 3> engines{
        "Uses io_uring, or epoll where io_uring is refused.",
        "Uses io_uring, and does not start without it.",
        "Uses epoll: sends are always copied, and memory is not registered."};
    std::string text = listen_sentences(config.http, config.access) +
                       access_sentences(config.access) + viewers_sentences(config.viewers);
    for (const StreamConfig& stream : config.streams) {
        text += stream_sentences(stream, config);
    }
    text += fmt::format("{}\n", engines[static_cast<std::size_t>(config.server.engine)]);
    text += fmt::format("Logs messages of level {} and above.\n", log_level_name(config.log.level));
    return text;
}

} // namespace ringcast::config
