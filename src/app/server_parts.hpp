#pragma once
// What a running server consists of, and how its streams and settings are made from a configuration:
// at start, and when the configuration is read again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/digest.hpp"
#include "app/limits.hpp"
#include "app/listeners.hpp"
#include "base/immovable.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"
#include "encode/transform_pool.hpp"
#include "frame/frame_arena.hpp"
#include "http/multipart.hpp"
#include "io/engine.hpp"
#include "os/mapped_memory.hpp"
#include "os/spawn.hpp"
#include "relay/relay.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"
#include "stream/settings.hpp"

namespace ringcast::app {

/// The server's own operations, as slots of OpKind::control.
enum ControlOperation : std::uint32_t {
    signal_operation,
    stop_operation,
    reload_operation,  ///< a configuration has been read
    control_operation, ///< a client of the control socket asks for a reload
    memory_operation,  ///< registered memory was released; generation: StreamParts::registration
};

/// One stream's memory and the source that writes into it.
struct StreamParts {
    std::string name;
    io::StreamId id; ///< once the relay has it
    os::MappedMemory memory;
    std::optional<io::BufferId> buffer; ///< if the memory is registered
    std::uint32_t registration = 0;
    bool released = false; ///< the kernel uses the memory no more
    std::unique_ptr<frame::FrameArena> arena;
    // Of the source whose pictures `source` changes, if it does:
    os::MappedMemory original_memory;
    std::unique_ptr<frame::FrameArena> original_arena;
    std::unique_ptr<source::FrameSource> original;
    std::unique_ptr<source::FrameSource> source;
    std::string tier_reason;
    Duration period{}; ///< StreamSetup::period_expected
    std::vector<stream::RenditionSpec> renditions;
    stream::Adapting adapting = stream::Adapting::browsers;

    [[nodiscard]] stream::StreamSetup setup() const {
        stream::StreamSetup setup{name, arena.get(), source.get(), tier_reason, period};
        setup.renditions = renditions;
        setup.adapting = adapting;
        return setup;
    }
};

struct ServerParts : private Immovable {
    // In the order of creation: the relay is destroyed first, the engine last.
    std::unique_ptr<io::Engine> engine;
    bool registers_memory = false; ///< the engine does, unless a limit is too low
    std::vector<Listener> listeners;
    std::unique_ptr<http::Boundary> boundary;
    std::string instance;                      ///< RelaySettings::instance
    access::Digest access_key{};               ///< AccessSettings::key
    std::unique_ptr<capture::Cameras> cameras; ///< present when a stream is or was a camera
    std::vector<StreamParts> streams;
    std::vector<StreamParts> renditions; ///< streams of the relay that are renditions of others
    // Of earlier configurations:
    std::vector<StreamParts> retired;   ///< ended streams that the relay still uses
    std::vector<StreamParts> releasing; ///< whose memory the kernel still uses
    std::vector<Listener> closing;      ///< removed listeners that the relay still uses
    std::unique_ptr<source::PlaceholderPainter> painter;
    std::unique_ptr<relay::RenditionMaker> rendition_maker;
    std::unique_ptr<source::PictureWorkers> picture_workers;
    std::unique_ptr<relay::PasswordChecker> password_checker; ///< present when there may be users
    config::Config config;                                    ///< that is in force
    std::uint64_t open_files_max = 0;                         ///< ServerOptions::open_files_max
    std::uint32_t accepts_max = 0;                            ///< RelaySettings::accepts_max
    os::SoftLimits program_limits;
    std::uint32_t registrations = 0; ///< of memory, so far
    const stream::StreamSettings stream_settings{};
    std::unique_ptr<relay::Relay> relay;
};

/// Of threads that make pictures of JPEGs: `workers` of them.
[[nodiscard]] encode::TransformPool::Limits picture_limits(const config::MemoryConfig& memory,
                                                           int workers) noexcept;

/// Memory for the slots of one stream.
[[nodiscard]] Result<os::MappedMemory> map_stream_memory(const config::MemoryConfig& memory);
/// How many bytes of it are used.
[[nodiscard]] std::size_t stream_arena_bytes(const config::MemoryConfig& memory) noexcept;

/// Registers the memory and creates arena and source. Waits up to `patience` where the memory can't be
/// registered, and takes from it what it has waited; after that the frames are sent by copy. `cameras`
/// exist if the stream is a camera.
[[nodiscard]] Result<StreamParts> make_stream(ServerParts& server,
                                              const config::MemoryConfig& slots,
                                              const config::StreamConfig& stream,
                                              os::MappedMemory memory, Duration& patience);

/// Registers `parts.memory` and makes the arena in it. Waits and says why not, as `make_stream` does.
void open_arena(ServerParts& server, const config::MemoryConfig& slots, StreamParts& parts,
                Duration& patience);
/// The stream is not the relay's, or is no longer. `server.releasing` has room.
void release(ServerParts& server, StreamParts stream) noexcept;

/// `hosts`: names of this machine (own_host_names).
[[nodiscard]] relay::ServingSettings serving_settings(const config::Config& config,
                                                      const ConnectionLimits& limits,
                                                      std::vector<std::string> hosts);

} // namespace ringcast::app
