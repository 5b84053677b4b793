#include "app/server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/signalfd.h>

#include "app/access_rules.hpp"
#include "app/logging.hpp"
#include "app/make_engine.hpp"
#include "app/make_source.hpp"
#include "app/own_host_names.hpp"
#include "app/passed_listeners.hpp"
#include "app/password_worker.hpp"
#include "app/signals.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "config/describe.hpp"
#include "config/listen_address.hpp"
#include "draw/placeholder_worker.hpp"

namespace ringcast::app {

namespace {

/// How long viewers see that the input has ended before the server stops.
constexpr Duration input_ended_shown_for = std::chrono::seconds(5);
/// The relay bounds the time it takes to stop; this is for an operation that never completes.
constexpr Duration stop_bound = std::chrono::seconds(8);
/// The kernel uncharges the locked memory of a process some time after its end, so a restart may
/// find the limit used up for a moment. For all streams together.
constexpr Duration registration_patience = std::chrono::milliseconds(500);
constexpr Duration registration_pause = std::chrono::milliseconds(20);

static_assert(sizeof(signalfd_siginfo) == 128, "the kernel's layout");

frame::SlotGeometry slot_geometry(const config::MemoryConfig& memory) noexcept {
    frame::SlotGeometry geometry;
    geometry.page = os::system_page_bytes();
    geometry.frame_bytes_max = memory.frame_max;
    geometry.slot_count = memory.slots;
    geometry.picture_max = {memory.picture_max.width, memory.picture_max.height};
    RINGCAST_ASSERT(geometry.arena_bytes() <= config::stream_memory_bytes(memory));
    return geometry;
}

Result<void> fill_with_random(std::span<std::byte> bytes) {
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return fail("the system provides no random numbers: " + std::string(std::strerror(errno)));
    }
    return {};
}

} // namespace

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const config::Config& config,
                                               ServerOptions options) {
    std::unique_ptr<Server> server(new Server());
    server->ends_with_input_ = options.ends_with_input;
    server->rereads_files_ = options.rereads_files;
    server->had_terminal_ = has_terminal();
    server->service_manager_ = options.service_manager;
    server->config_ = config;
    const OpenFileNeeds needs = open_file_needs(config);
    const ConnectionLimits limits = connection_limits(needs, options.open_files_max);
    if (limits.viewers_max == 0) {
        return fail(fmt::format("the limit of {} open files is too low for even one viewer: raise "
                                "it to {} (LimitNOFILE= in a unit, `ulimit -n` in a shell)",
                                options.open_files_max, open_files_needed(needs)));
    }
    server->program_limits_ = options.program_limits;
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
    auto passed = passed_listeners(std::move(options.passed_sockets), config.viewers.stall_timeout);
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
    server->listeners_ = std::move(*listeners);
    if (!server->stop_event_.open()) {
        return fail("no event descriptor can be opened: " + std::string(std::strerror(errno)));
    }
    std::array<std::uint64_t, 3> random{};
    if (auto filled = fill_with_random(std::as_writable_bytes(std::span(random))); !filled) {
        return tl::unexpected(filled.error());
    }
    if (auto filled = fill_with_random(server->access_key_); !filled) {
        return tl::unexpected(filled.error());
    }
    const auto& [boundary_high, boundary_low, instance] = random;
    server->boundary_ = std::make_unique<http::Boundary>(boundary_high, boundary_low);
    server->instance_ = fmt::format("{:016x}", instance);

    relay::RelaySettings settings = server->relay_settings(config, limits);
    auto engine =
        make_engine(config.server.engine,
                    settings.viewers_max + settings.connections_extra + settings.accepts_max);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    server->engine_ = std::move(engine->engine);
    settings.engine = engine->name;

    if (engine->registers_memory) {
        const std::size_t needed =
            slot_geometry(config.memory).arena_bytes() * config.streams.size();
        const bool allowed = needed <= options.locked_memory_max;
        server->registration_patience_ = allowed ? registration_patience : Duration::zero();
    }
    if (auto opened = server->open_sources(config); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto opened = server->open_access(config, settings); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto opened = server->open_relay(config, settings); !opened) {
        return tl::unexpected(opened.error());
    }
    return server;
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
        cameras_ = std::move(*cameras);
    }
    for (const config::StreamConfig& stream : config.streams) {
        auto parts = make_stream(config, stream);
        if (!parts) {
            return tl::unexpected(parts.error());
        }
        if (stream.is_default) {
            default_stream_ = static_cast<std::uint32_t>(streams_.size());
        }
        streams_.push_back(std::move(*parts));
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
    settings.access = relay::AccessSettings{std::move(*rules), access_key_};
    auto checker = PasswordWorker::create(*engine_);
    if (!checker) {
        return tl::unexpected(checker.error());
    }
    password_checker_ = std::move(*checker);
    return {};
}

Result<void> Server::open_relay(const config::Config& config,
                                const relay::RelaySettings& settings) {
    std::vector<stream::StreamSetup> setups;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        const StreamParts& parts = streams_[i];
        setups.push_back({config.streams[i].name, parts.arena.get(), parts.source.get(),
                          parts.tier_reason, configured_period(config.streams[i].source)});
    }
    std::vector<int> sockets;
    sockets.reserve(listeners_.size());
    for (const Listener& listener : listeners_) {
        sockets.push_back(listener.fd.get());
    }
    auto painter = draw::PlaceholderWorker::create(*engine_);
    if (!painter) {
        return tl::unexpected(painter.error());
    }
    painter_ = std::move(*painter);
    relay_ = std::make_unique<relay::Relay>(*engine_, settings, std::move(setups), default_stream_,
                                            sockets, painter_.get(), password_checker_.get());
    return {};
}

std::vector<config::ListenConfig> Server::listening() const {
    std::vector<config::ListenConfig> listening;
    listening.reserve(listeners_.size());
    for (const Listener& listener : listeners_) {
        config::ListenConfig listen{listener.address};
        listen.open = listener.open;
        listening.push_back(std::move(listen));
    }
    return listening;
}

relay::RelaySettings Server::relay_settings(const config::Config& config,
                                            const ConnectionLimits& limits) const {
    relay::RelaySettings settings(*boundary_, instance_);
    settings.version = RINGCAST_VERSION;
    settings.cors_origins = config.http.cors_origins;
    settings.hosts = own_host_names();
    settings.hosts.insert(settings.hosts.end(), config.http.hosts.begin(), config.http.hosts.end());
    settings.listeners.reserve(listeners_.size());
    for (const Listener& listener : listeners_) {
        settings.listeners.push_back(
            {.proxy_protocol = listener.proxy_protocol, .open = listener.open});
    }
    auto trusted_proxies = http::AddressSet::parse(config.access.trusted_proxies);
    RINGCAST_ASSERT(trusted_proxies.has_value()); // the configuration is valid
    settings.trusted_proxies = std::move(*trusted_proxies);
    settings.base_path = config.http.base_path;
    settings.viewers_max = limits.viewers_max;
    settings.connections_extra = limits.connections_extra;
    settings.accepts_max =
        std::max(limits.accepts_max, static_cast<std::uint32_t>(listeners_.size()));
    settings.viewers_per_address_max = config.viewers.max_per_address;
    settings.connection.stall_timeout = config.viewers.stall_timeout;
    settings.connection.send_path_policy = config.viewers.send;
    return settings;
}

Result<io::BufferId> Server::register_frames(ByteSpan memory) {
    auto registered = engine_->register_buffer(memory, {});
    while (!registered && registration_patience_ > Duration::zero()) {
        std::this_thread::sleep_for(registration_pause);
        *registration_patience_ -= registration_pause;
        registered = engine_->register_buffer(memory, {});
    }
    return registered;
}

Result<Server::StreamParts> Server::make_stream(const config::Config& config,
                                                const config::StreamConfig& stream) {
    const frame::SlotGeometry geometry = slot_geometry(config.memory);
    StreamParts parts;
    auto memory = os::MappedMemory::create(geometry.arena_bytes());
    if (!memory) {
        return tl::unexpected(memory.error());
    }
    parts.memory = std::move(*memory);
    const ByteSpan bytes = parts.memory.bytes().first(geometry.arena_bytes());
    std::optional<io::BufferId> buffer;
    if (auto registered = register_frames(bytes)) {
        buffer = *registered;
        log_stream(LogLevel::info, stream.name, "frames are in registered memory ({} slots)",
                   geometry.slot_count);
    } else {
        parts.tier_reason = registered.error().message;
        log_stream(registration_patience_ ? LogLevel::warning : LogLevel::debug, stream.name,
                   "its slots can't be registered, so frames in them are sent by copy: {}",
                   parts.tier_reason);
    }
    parts.arena = std::make_unique<frame::FrameArena>(bytes, geometry, *boundary_, buffer);
    auto source = make_source(stream, {.engine = *engine_,
                                       .cameras = cameras_.get(),
                                       .program_limits = program_limits_,
                                       .instance = instance_});
    if (!source) {
        return tl::unexpected(source.error());
    }
    parts.source = std::move(*source);
    return parts;
}

// --- running ---

void Server::read_signals() noexcept {
    engine_->read({io::OpKind::control, signal_operation, 1}, signals_.get(), signal_info_);
}

void Server::read_stop_event() noexcept {
    stop_event_.read(*engine_, {io::OpKind::control, stop_operation, 1});
}

void Server::on_control(const io::Completion& completion) noexcept {
    switch (completion.token.slot) {
    case signal_operation:
        on_signal(completion);
        break;
    case stop_operation:
        completion.result > 0 ? begin_stop() : read_stop_event();
        break;
    default:
        break;
    }
}

void Server::on_signal(const io::Completion& completion) noexcept {
    if (completion.result == -EINTR || completion.result == -EAGAIN) {
        read_signals();
        return;
    }
    if (completion.result != static_cast<std::int32_t>(signal_info_.size())) {
        log(LogLevel::error, "signals can't be read any more (error {})", -completion.result);
        return;
    }
    signalfd_siginfo info{};
    std::memcpy(&info, signal_info_.data(), sizeof info);
    handle_signal(static_cast<int>(info.ssi_signo));
    read_signals();
}

void Server::handle_signal(int signal) noexcept {
    if (signal == SIGUSR1) {
        return toggle_draining();
    }
    const bool terminal_gone = had_terminal_ && !has_terminal();
    const bool rereads = signal == SIGHUP && rereads_files_ && !terminal_gone;
    rereads ? reread_access() : on_stop_signal();
}

/// With an error in one of the files, everything stays as it is.
void Server::reread_access() noexcept {
    if (!config_.access.restricted()) {
        log(LogLevel::info, "there are no files of users and tokens to read again");
        return;
    }
    try {
        auto rules = load_access_rules(config_);
        if (!rules) {
            log(LogLevel::error, "users, tokens and links stay as they were: {}",
                rules.error().message);
            return;
        }
        const std::string warning = unknown_names_warning(*rules);
        relay_->set_access(relay::AccessSettings{std::move(*rules), access_key_});
        log(LogLevel::info, "users, tokens and the key of links have been read again");
        if (!warning.empty()) {
            log(LogLevel::warning, "{}", warning);
        }
    } catch (const std::bad_alloc&) {
        log(LogLevel::error, "users, tokens and links stay as they were: out of memory");
    }
}

void Server::toggle_draining() noexcept {
    draining_ = !draining_;
    relay_->set_draining(draining_);
    if (draining_) {
        log(LogLevel::info, "draining for maintenance: new viewers are refused, and /healthz "
                            "answers 503, until SIGUSR1 is sent again");
    } else {
        log(LogLevel::info, "draining has ended: new viewers are admitted");
    }
}

void Server::on_stop_signal() noexcept {
    switch (stop_requests_.take(engine_->now())) {
    case StopRequests::Meaning::stop:
        log(LogLevel::info, "stopping; a second signal ends the process at once");
        begin_stop();
        break;
    case StopRequests::Meaning::repeated:
        break;
    case StopRequests::Meaning::at_once:
        std::_Exit(EXIT_FAILURE);
    }
}

void Server::begin_stop() noexcept {
    if (!stopping_) {
        stopping_ = true;
        if (service_manager_ != nullptr) {
            service_manager_->stopping();
        }
        relay_->stop();
        stop_listening(listeners_);
    }
}

Instant Server::end_of_input() noexcept {
    if (!ends_with_input_ || stopping_ || !relay_->stream(default_stream_).source_ended()) {
        return never;
    }
    if (streams_[default_stream_].source->counters().frames == 0) {
        input_useless_ = true; // nobody has seen a picture that could stay for a while
        begin_stop();
        return never;
    }
    if (end_at_ == never) {
        end_at_ = engine_->now() + input_ended_shown_for;
    }
    if (engine_->now() < end_at_) {
        return end_at_;
    }
    begin_stop();
    return never;
}

void Server::tell_ready() const noexcept {
    if (service_manager_ == nullptr) {
        return;
    }
    try {
        std::vector<std::string> addresses;
        for (const Listener& listener : listeners_) {
            addresses.push_back(config::listen_address_text(listener.address));
        }
        const std::size_t count = config_.streams.size();
        service_manager_->ready(fmt::format("{} stream{} on {}", count, count == 1 ? "" : "s",
                                            fmt::join(addresses, ", ")));
    } catch (const std::bad_alloc&) {
        service_manager_->ready("");
    }
}

bool Server::run() noexcept {
    relay_->set_control_handler(
        [this](const io::Completion& completion) { on_control(completion); });
    relay_->set_status_hook([this](api::RelayCounters& counters) {
        counters.ring_enters = engine_->system_calls();
        counters.log_lines_dropped = log_lines_dropped();
    });
    if (signals_.valid()) {
        read_signals();
    }
    read_stop_event();
    relay_->start();
    tell_ready();
    Instant stop_by = never;
    while (!relay_->finished()) {
        const Instant alive_by =
            service_manager_ == nullptr ? never : service_manager_->keep_alive(engine_->now());
        relay_->turn(std::min({end_of_input(), stop_by, alive_by}));
        if (reserve_) {
            reserve_->refill();
        }
        if (stopping_ && stop_by == never) {
            stop_by = engine_->now() + stop_bound;
        }
        if (engine_->now() >= stop_by) {
            log(LogLevel::error, "an operation did not end in time; leaving it behind");
            return false;
        }
    }
    return true;
}

} // namespace ringcast::app
