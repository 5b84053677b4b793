#include "app/make_source.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

#include <unistd.h>

#include "app/credentials.hpp"
#include "base/assert.hpp"
#include "capture/camera_source.hpp"
#include "config/units.hpp"
#include "encode/band_encoder.hpp"
#include "input/exec_source.hpp"
#include "input/file_player.hpp"
#include "input/name_resolver.hpp"
#include "input/pattern_player.hpp"
#include "input/stdin_source.hpp"
#include "upstream/upstream_source.hpp"

namespace ringcast::app {

namespace {

Result<std::unique_ptr<source::FrameSource>>
make_upstream_source(const config::StreamConfig& stream, const config::UpstreamConfig& upstream,
                     const SourceParts& parts) {
    auto credentials = find_credentials(upstream, stream.name);
    if (!credentials) {
        return tl::unexpected<Error>(std::move(credentials.error()));
    }
    upstream::UpstreamSettings settings;
    settings.url = upstream.url;
    if (*credentials) {
        settings.url.user = (*credentials)->user;
        settings.url.password = (*credentials)->password;
    }
    settings.socket_path = upstream.socket_path;
    settings.poll = upstream.poll.value_or(settings.poll);
    settings.timeout = upstream.timeout;
    settings.on_demand = upstream.on_demand;
    settings.idle_after = upstream.idle_after;
    settings.instance = parts.instance;
    settings.version = RINGCAST_VERSION;
    return std::unique_ptr<source::FrameSource>(std::make_unique<upstream::UpstreamSource>(
        parts.engine, std::make_unique<input::NameResolver>(parts.engine), stream.name,
        std::move(settings)));
}

} // namespace

Result<std::unique_ptr<source::FrameSource>> make_source(const config::StreamConfig& stream,
                                                         const SourceParts& parts) {
    using Made = std::unique_ptr<source::FrameSource>;
    return std::visit(
        [&](const auto& kind) -> Result<Made> {
            using Kind = std::decay_t<decltype(kind)>;
            if constexpr (std::is_same_v<Kind, config::PatternConfig>) {
                return Made(
                    std::make_unique<input::PatternSource>(parts.engine, stream.name, kind));
            } else if constexpr (std::is_same_v<Kind, config::ExecConfig>) {
                return Made(std::make_unique<input::ExecSource>(parts.engine, stream.name, kind,
                                                                parts.program_limits));
            } else if constexpr (std::is_same_v<Kind, config::FileConfig>) {
                return Made(std::make_unique<input::FileSource>(parts.engine, stream.name,
                                                                kind.path, kind.fps));
            } else if constexpr (std::is_same_v<Kind, config::UpstreamConfig>) {
                return make_upstream_source(stream, kind, parts);
            } else if constexpr (std::is_same_v<Kind, config::LibcameraConfig>) {
                RINGCAST_ASSERT(parts.cameras != nullptr);
                return Made(std::make_unique<capture::CameraSource>(
                    parts.engine, stream.name, kind, parts.cameras->make_device(kind, stream.turn),
                    encode::encode_workers_for(std::thread::hardware_concurrency()),
                    capture::PictureChanges{stream.turn, stream.overlay}));
            } else {
                static_assert(std::is_same_v<Kind, config::StdinConfig>);
                if (isatty(STDIN_FILENO) == 1) {
                    return fail("standard input is a terminal: pipe a stream into it, for example "
                                "rpicam-vid -t 0 -n --codec mjpeg --flush -o - | ringcast -");
                }
                return Made(
                    std::make_unique<input::StdinSource>(parts.engine, stream.name, STDIN_FILENO));
            }
        },
        stream.source);
}

Duration configured_period(const config::SourceConfig& source) noexcept {
    if (const auto* upstream = std::get_if<config::UpstreamConfig>(&source)) {
        return upstream->poll.value_or(Duration::zero());
    }
    std::optional<double> fps;
    if (const auto* pattern = std::get_if<config::PatternConfig>(&source)) {
        fps = pattern->fps;
    } else if (const auto* camera = std::get_if<config::LibcameraConfig>(&source)) {
        fps = camera->fps;
    } else if (const auto* file = std::get_if<config::FileConfig>(&source)) {
        fps = file->fps;
    }
    return fps ? config::period_of(*fps) : Duration::zero();
}

} // namespace ringcast::app
