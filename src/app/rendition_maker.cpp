#include "app/rendition_maker.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.hpp"
#include "config/units.hpp"
#include "rendition/rendition_source.hpp"

namespace ringcast::app {

namespace {

/// Enough for some slow viewers beside the newest frame, the one that is being made, and the reserve.
constexpr std::uint16_t rendition_slots = 8;
constexpr std::size_t frame_bytes_min = 64UL * 1024UL;
constexpr std::size_t bytes_per_pixel = 2; ///< more than a JPEG of quality 95 needs

} // namespace

std::vector<stream::RenditionSpec>
rendition_specs(const std::vector<config::RenditionConfig>& configured) {
    std::vector<stream::RenditionSpec> specs{{.name = "half", .target = {.eighths = 4}},
                                             {.name = "quarter", .target = {.eighths = 2}}};
    for (const config::RenditionConfig& rendition : configured) {
        specs.push_back(
            {.name = rendition.name,
             .target = {.width = rendition.size.width,
                        .height = rendition.size.height,
                        .quality = rendition.quality},
             .period_min = rendition.fps ? config::period_of(*rendition.fps) : Duration::zero()});
    }
    return specs;
}

stream::Adapting adapting_of(config::Adapt adapt) noexcept {
    switch (adapt) {
    case config::Adapt::browsers:
        return stream::Adapting::browsers;
    case config::Adapt::everybody:
        return stream::Adapting::everybody;
    case config::Adapt::nobody:
        return stream::Adapting::nobody;
    }
    return stream::Adapting::browsers;
}

config::MemoryConfig rendition_memory(const config::MemoryConfig& of_stream,
                                      const source::PictureTarget& target) noexcept {
    constexpr std::size_t area = 64; // of a picture, in squares of an eighth of each side
    const std::size_t wanted = target.eighths > 0
                                   ? of_stream.frame_max * target.eighths * target.eighths / area
                                   : std::size_t{target.width} * target.height * bytes_per_pixel;
    config::MemoryConfig memory = of_stream;
    memory.slots = rendition_slots;
    memory.frame_max =
        std::clamp(wanted, std::min(frame_bytes_min, of_stream.frame_max), of_stream.frame_max);
    return memory;
}

Result<relay::RenditionMaker::Made> ServerRenditions::make(stream::Stream& original,
                                                           const stream::RenditionSpec& spec) {
    const config::MemoryConfig memory = rendition_memory(parts_.config.memory, spec.target);
    auto mapped = map_stream_memory(memory);
    if (!mapped) {
        return tl::unexpected(mapped.error());
    }
    parts_.renditions.reserve(parts_.renditions.size() + 1);
    parts_.releasing.reserve(parts_.releasing.size() + parts_.renditions.size() + 1);
    auto source = std::make_unique<rendition::RenditionSource>(original, spec, *parts_.engine);
    rendition::RenditionSource* const made = source.get();
    StreamParts rendition;
    rendition.name = original.name();
    rendition.memory = std::move(*mapped);
    rendition.source = std::move(source);
    Duration no_patience{};
    open_arena(parts_, memory, rendition, no_patience);
    log_stream(LogLevel::debug, rendition.name, "makes its rendition {}", spec.name);
    stream::StreamSetup setup = rendition.setup();
    setup.original = &original;
    setup.rendition = spec.name;
    parts_.renditions.push_back(std::move(rendition)); // there is room
    return Made{std::move(setup), made};
}

void ServerRenditions::discard() noexcept {
    StreamParts rendition = std::move(parts_.renditions.back());
    parts_.renditions.pop_back();
    release(parts_, std::move(rendition));
}

} // namespace ringcast::app
