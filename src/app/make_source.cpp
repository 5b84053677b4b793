#include "app/make_source.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>

#include <unistd.h>

#include "base/assert.hpp"
#include "capture/camera_source.hpp"
#include "encode/band_encoder.hpp"
#include "input/exec_source.hpp"
#include "input/file_player.hpp"
#include "input/pattern_player.hpp"
#include "input/stdin_source.hpp"

namespace ringcast::app {

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
            } else if constexpr (std::is_same_v<Kind, config::LibcameraConfig>) {
                RINGCAST_ASSERT(parts.cameras != nullptr);
                return Made(std::make_unique<capture::CameraSource>(
                    parts.engine, stream.name, kind, parts.cameras->make_device(kind),
                    encode::encode_workers_for(std::thread::hardware_concurrency())));
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
    std::optional<double> fps;
    if (const auto* pattern = std::get_if<config::PatternConfig>(&source)) {
        fps = pattern->fps;
    } else if (const auto* camera = std::get_if<config::LibcameraConfig>(&source)) {
        fps = camera->fps;
    } else if (const auto* file = std::get_if<config::FileConfig>(&source)) {
        fps = file->fps;
    }
    return fps ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1.0 / *fps))
               : Duration::zero();
}

} // namespace ringcast::app
