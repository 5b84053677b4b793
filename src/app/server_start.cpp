// Makes a server; server.cpp runs it.

#include "app/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/access_rules.hpp"
#include "app/make_engine.hpp"
#include "app/own_host_names.hpp"
#include "app/passed_listeners.hpp"
#include "app/password_worker.hpp"
#include "app/rendition_maker.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "draw/placeholder_worker.hpp"
#include "encode/band_encoder.hpp"
#include "encode/picture_pool.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

/// The kernel uncharges the locked memory of a process some time after its end, so a restart may
/// find the limit used up for a moment. For all streams together.
constexpr Duration registration_patience = std::chrono::seconds(2);

Result<void> fill_with_random(std::span<std::byte> bytes) {
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return fail("the system provides no random numbers: " + std::string(std::strerror(errno)));
    }
    return {};
}

int picture_threads(const config::EncoderConfig& encoder) noexcept {
    return static_cast<int>(encoder.threads.value_or(static_cast<std::uint32_t>(
        encode::encode_workers_for(std::thread::hardware_concurrency()))));
}

} // namespace

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const config::Config& config,
                                               ServerOptions options) {
    std::unique_ptr<Server> server(new Server(options.load));
    server->ends_with_input_ = options.ends_with_input;
    server->reloads_ = options.load != nullptr;
    server->had_terminal_ = has_terminal();
    server->service_manager_ = std::move(options.service_manager);
    server->parts_.config = config;
    server->parts_.open_files_max = options.open_files_max;
    const OpenFileNeeds needs = open_file_needs(config);
    const ConnectionLimits limits = connection_limits(needs, options.open_files_max);
    if (limits.viewers_max == 0) {
        return fail(fmt::format("the limit of {} open files is too low for even one viewer: raise "
                                "it to {} (LimitNOFILE= in a unit, `ulimit -n` in a shell)",
                                options.open_files_max, open_files_needed(needs)));
    }
    server->parts_.program_limits = options.program_limits;
    // Before any thread is created, as threads inherit the mask, and before there are socket files,
    // which a signal must not leave behind.
    if (options.handles_signals) {
        server->reserve_.emplace();
        auto signals = open_signals();
        if (!signals) {
            return tl::unexpected(signals.error());
        }
        server->signals_ = std::move(*signals);
    }
    if (auto opened = server->open_listening(config, std::move(options.passed_sockets)); !opened) {
        return tl::unexpected(opened.error());
    }
    if (!server->stop_event_.open() || !server->reloader_.open()) {
        return fail("no event descriptor can be opened: " + std::string(std::strerror(errno)));
    }
    if (!options.control_socket.empty()) {
        server->open_control_socket(options.control_socket);
    }
    if (auto made = server->make_random_parts(); !made) {
        return tl::unexpected(made.error());
    }
    relay::RelaySettings settings = server->relay_settings(config, limits);
    auto engine =
        make_engine(config.server.engine,
                    settings.viewers_max + settings.connections_extra + settings.accepts_max);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    server->parts_.engine = std::move(engine->engine);
    server->parts_.registers_memory = engine->registers_memory;
    settings.engine = engine->name;

    if (engine->registers_memory &&
        stream_arena_bytes(config.memory) * config.streams.size() <= options.locked_memory_max) {
        server->registration_patience_ = registration_patience;
    }
    if (auto opened = server->open_sources(config); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto opened = server->open_access(config, settings); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto opened = server->open_relay(settings); !opened) {
        return tl::unexpected(opened.error());
    }
    return server;
}

Result<void> Server::open_listening(const config::Config& config,
                                    std::vector<PassedSocket> sockets) {
    auto passed = passed_listeners(std::move(sockets), config.viewers.stall_timeout);
    if (!passed) {
        return tl::unexpected(passed.error());
    }
    std::span<const config::ListenConfig> listen = config.http.listen;
    if (config.http.listen_is_default && !passed->empty()) {
        listen = {};
    }
    auto listeners = open_listeners(listen, config.viewers.stall_timeout, {}, std::move(*passed));
    if (!listeners) {
        return tl::unexpected(listeners.error());
    }
    parts_.listeners = std::move(*listeners);
    return {};
}

Result<void> Server::make_random_parts() {
    std::array<std::uint64_t, 3> random{};
    if (auto filled = fill_with_random(std::as_writable_bytes(std::span(random))); !filled) {
        return filled;
    }
    if (auto filled = fill_with_random(parts_.access_key); !filled) {
        return filled;
    }
    const auto& [boundary_high, boundary_low, instance] = random;
    parts_.boundary = std::make_unique<http::Boundary>(boundary_high, boundary_low);
    parts_.instance = fmt::format("{:016x}", instance);
    return {};
}

/// The server runs without it, too.
void Server::open_control_socket(const std::string& path) {
    auto opened = ControlSocket::create(path);
    if (!opened) {
        log(LogLevel::info,
            "`ringcast --reload` does not reach this process, but SIGHUP (process {}) does: {}",
            ::getpid(), opened.error().message);
        return;
    }
    control_socket_ = std::move(*opened);
}

Result<void> Server::open_sources(const config::Config& config) {
    std::vector<config::LibcameraConfig> camera_streams;
    for (const config::StreamConfig& stream : config.streams) {
        if (const auto* camera = std::get_if<config::LibcameraConfig>(&stream.source)) {
            camera_streams.push_back(*camera);
        }
    }
    if (!camera_streams.empty()) {
        auto cameras = capture::open_cameras(camera_streams);
        if (!cameras) {
            return tl::unexpected(cameras.error());
        }
        parts_.cameras = std::move(*cameras);
    }
    for (const config::StreamConfig& stream : config.streams) {
        auto memory = map_stream_memory(config.memory);
        if (!memory) {
            return tl::unexpected(memory.error());
        }
        auto parts =
            make_stream(parts_, config.memory, stream, std::move(*memory), registration_patience_);
        if (!parts) {
            return tl::unexpected(parts.error());
        }
        if (stream.is_default) {
            default_stream_ = static_cast<std::uint32_t>(parts_.streams.size());
        }
        parts_.streams.push_back(std::move(*parts));
    }
    return {};
}

Result<void> Server::open_access(const config::Config& config, relay::RelaySettings& settings) {
    if (!config.access.restricted()) {
        return {};
    }
    auto rules = load_access_rules(config);
    if (!rules) {
        return tl::unexpected(rules.error());
    }
    if (const std::string warning = unknown_names_warning(*rules); !warning.empty()) {
        log(LogLevel::warning, "{}", warning);
    }
    settings.access = relay::AccessSettings{std::move(*rules), parts_.access_key};
    auto checker = PasswordWorker::create(*parts_.engine);
    if (!checker) {
        return tl::unexpected(checker.error());
    }
    parts_.password_checker = std::move(*checker);
    return {};
}

Result<void> Server::open_relay(const relay::RelaySettings& settings) {
    std::vector<stream::StreamSetup> setups;
    setups.reserve(parts_.streams.size());
    for (const StreamParts& stream : parts_.streams) {
        setups.push_back(stream.setup());
    }
    std::vector<int> sockets;
    sockets.reserve(parts_.listeners.size());
    for (const Listener& listener : parts_.listeners) {
        sockets.push_back(listener.fd.get());
    }
    auto painter = draw::PlaceholderWorker::create(*parts_.engine);
    if (!painter) {
        return tl::unexpected(painter.error());
    }
    parts_.painter = std::move(*painter);
    auto workers = encode::PicturePool::create(
        *parts_.engine, {io::OpKind::pictures, 0, 1}, &os::monotonic_now,
        picture_limits(parts_.config.memory, picture_threads(parts_.config.encoder)));
    if (!workers) {
        return tl::unexpected(workers.error());
    }
    parts_.picture_workers = std::move(*workers);
    parts_.rendition_maker = std::make_unique<ServerRenditions>(parts_);
    parts_.relay = std::make_unique<relay::Relay>(
        *parts_.engine, settings, std::move(setups), default_stream_, sockets, parts_.painter.get(),
        parts_.password_checker.get(),
        relay::PictureMaking{parts_.rendition_maker.get(), parts_.picture_workers.get()});
    for (std::size_t i = 0; i < parts_.streams.size(); ++i) {
        parts_.streams[i].id = parts_.relay->stream(i).id();
    }
    for (std::uint32_t i = 0; i < parts_.listeners.size(); ++i) {
        parts_.listeners[i].place = i;
    }
    parts_.accepts_max = settings.accepts_max;
    return {};
}

std::vector<config::ListenConfig> Server::listening() const {
    std::vector<config::ListenConfig> listening;
    listening.reserve(parts_.listeners.size());
    for (const Listener& listener : parts_.listeners) {
        config::ListenConfig listen{listener.address};
        listen.open = listener.open;
        listening.push_back(std::move(listen));
    }
    return listening;
}

relay::RelaySettings Server::relay_settings(const config::Config& config,
                                            const ConnectionLimits& limits) const {
    relay::RelaySettings settings(*parts_.boundary, parts_.instance);
    settings.version = RINGCAST_VERSION;
    settings.stream = parts_.stream_settings;
    static_cast<relay::ServingSettings&>(settings) =
        serving_settings(config, limits, own_host_names());
    settings.listeners.reserve(parts_.listeners.size());
    for (const Listener& listener : parts_.listeners) {
        settings.listeners.push_back(
            {.proxy_protocol = listener.proxy_protocol, .open = listener.open});
    }
    settings.connections_extra = limits.connections_extra;
    settings.accepts_max =
        std::max(limits.accepts_max, static_cast<std::uint32_t>(parts_.listeners.size()));
    return settings;
}

} // namespace ringcast::app
