#include "app/server_parts.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <variant>

#include "app/make_source.hpp"
#include "app/rendition_maker.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "config/describe.hpp"
#include "encode/picture_pool.hpp"
#include "http/ip_address.hpp"
#include "os/clock.hpp"
#include "rendition/transformed_source.hpp"

namespace ringcast::app {

namespace {

constexpr Duration registration_pause = std::chrono::milliseconds(20);

frame::SlotGeometry slot_geometry(const config::MemoryConfig& memory) noexcept {
    frame::SlotGeometry geometry;
    geometry.page = os::system_page_bytes();
    geometry.frame_bytes_max = memory.frame_max;
    geometry.slot_count = memory.slots;
    geometry.picture_max = {memory.picture_max.width, memory.picture_max.height};
    RINGCAST_ASSERT(geometry.arena_bytes() <= config::stream_memory_bytes(memory));
    return geometry;
}

void register_memory(ServerParts& server, ByteSpan bytes, StreamParts& parts, Duration& patience) {
    parts.registration = ++server.registrations;
    const io::OpToken released{io::OpKind::control, memory_operation, parts.registration};
    auto registered = server.engine->register_buffer(bytes, released);
    while (!registered && patience > Duration(0)) {
        std::this_thread::sleep_for(registration_pause);
        patience -= registration_pause;
        registered = server.engine->register_buffer(bytes, released);
    }
    if (registered) {
        parts.buffer = *registered;
    } else {
        parts.tier_reason = registered.error().message;
    }
}

/// Puts a source that changes pictures between `parts.source` and the stream. Its memory is not
/// registered, because none of it is sent.
Result<void> change_pictures(ServerParts& server, const config::MemoryConfig& memory,
                             const config::StreamConfig& stream, StreamParts& parts) {
    config::MemoryConfig slots = memory;
    slots.slots = rendition::TransformedSource::slots_min;
    const frame::SlotGeometry geometry = slot_geometry(slots);
    auto mapped = os::MappedMemory::create(geometry.arena_bytes());
    if (!mapped) {
        return tl::unexpected(mapped.error());
    }
    parts.original_memory = std::move(*mapped);
    parts.original_arena = std::make_unique<frame::FrameArena>(
        parts.original_memory.bytes(), geometry, *server.boundary, std::nullopt);
    parts.original = std::move(parts.source);
    source::PictureTarget target;
    constexpr std::uint8_t full = 8;
    target.eighths = full;
    target.quality = 0;
    target.turn = stream.turn;
    io::Engine& engine = *server.engine;
    encode::TransformPool::Limits limits = picture_limits(memory, 1);
    limits.niceness = 0; // it serves the stream itself
    const auto make_worker =
        [&engine, limits](io::OpToken token) -> Result<std::unique_ptr<source::PictureWorkers>> {
        return encode::PicturePool::create(engine, token, &os::monotonic_now, limits);
    };
    parts.source = std::make_unique<rendition::TransformedSource>(rendition::TransformedParts{
        engine, server.stream_settings, *parts.original, *parts.original_arena, parts.period,
        target, stream.overlay, make_worker});
    return {};
}

} // namespace

encode::TransformPool::Limits picture_limits(const config::MemoryConfig& memory,
                                             int workers) noexcept {
    const config::PictureSize largest = memory.picture_max;
    encode::TransformPool::Limits limits;
    limits.workers_max = workers;
    limits.pixels_max = std::min<std::size_t>(std::size_t{largest.width} * largest.height,
                                              jpeg::PictureLimit::pixels_max);
    return limits;
}

std::size_t stream_arena_bytes(const config::MemoryConfig& memory) noexcept {
    return slot_geometry(memory).arena_bytes();
}

Result<os::MappedMemory> map_stream_memory(const config::MemoryConfig& memory) {
    return os::MappedMemory::create(stream_arena_bytes(memory));
}

Result<StreamParts> make_stream(ServerParts& server, const config::MemoryConfig& slots,
                                const config::StreamConfig& stream, os::MappedMemory memory,
                                Duration& patience) {
    StreamParts parts;
    parts.name = stream.name;
    parts.period = configured_period(stream.source);
    parts.memory = std::move(memory);
    auto source = make_source(stream, {.engine = *server.engine,
                                       .cameras = server.cameras.get(),
                                       .program_limits = server.program_limits,
                                       .instance = server.instance});
    if (!source) {
        return tl::unexpected(source.error());
    }
    parts.source = std::move(*source);
    const bool camera = std::holds_alternative<config::LibcameraConfig>(stream.source);
    if (!camera && (stream.turn != PictureTurn{} || stream.overlay)) {
        if (auto changed = change_pictures(server, slots, stream, parts); !changed) {
            return tl::unexpected(changed.error());
        }
    }
    parts.renditions = rendition_specs(stream.renditions);
    parts.adapting = adapting_of(stream.adapt);
    open_arena(server, slots, parts, patience);
    if (parts.buffer) {
        log_stream(LogLevel::info, stream.name, "frames are in registered memory ({} slots)",
                   slots.slots);
    } else {
        log_stream(server.registers_memory ? LogLevel::warning : LogLevel::debug, stream.name,
                   "its slots can't be registered, so frames in them are sent by copy: {}",
                   parts.tier_reason);
    }
    return parts;
}

void open_arena(ServerParts& server, const config::MemoryConfig& slots, StreamParts& parts,
                Duration& patience) {
    const frame::SlotGeometry geometry = slot_geometry(slots);
    const ByteSpan bytes = parts.memory.bytes().first(geometry.arena_bytes());
    register_memory(server, bytes, parts, patience);
    parts.arena =
        std::make_unique<frame::FrameArena>(bytes, geometry, *server.boundary, parts.buffer);
}

void release(ServerParts& server, StreamParts stream) noexcept {
    stream.source.reset();
    stream.original.reset();
    stream.original_arena.reset();
    stream.arena.reset();
    if (stream.buffer) {
        server.engine->release_buffer(*stream.buffer);
        server.releasing.push_back(std::move(stream));
    }
}

relay::ServingSettings serving_settings(const config::Config& config,
                                        const ConnectionLimits& limits,
                                        std::vector<std::string> hosts) {
    relay::ServingSettings settings;
    settings.cors_origins = config.http.cors_origins;
    settings.hosts = std::move(hosts);
    settings.hosts.insert(settings.hosts.end(), config.http.hosts.begin(), config.http.hosts.end());
    settings.base_path = config.http.base_path;
    auto trusted_proxies = http::AddressSet::parse(config.access.trusted_proxies);
    RINGCAST_ASSERT(trusted_proxies.has_value()); // the configuration is valid
    settings.trusted_proxies = std::move(*trusted_proxies);
    settings.viewers_max = limits.viewers_max;
    settings.viewers_per_address_max = config.viewers.max_per_address;
    settings.connection.stall_timeout = config.viewers.stall_timeout;
    settings.connection.send_path_policy = config.viewers.send;
    return settings;
}

} // namespace ringcast::app
