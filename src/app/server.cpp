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
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

/// How long viewers see that the input has ended before the server stops.
constexpr Duration input_ended_shown_for = std::chrono::seconds(5);
/// The relay bounds the time it takes to stop; this is for an operation that never completes.
constexpr Duration stop_bound = std::chrono::seconds(8);
/// The kernel uncharges the locked memory of a process some time after its end, so a restart may
/// find the limit used up for a moment. For all streams together.
constexpr Duration registration_patience = std::chrono::milliseconds(500);

static_assert(sizeof(signalfd_siginfo) == 128, "the kernel's layout");

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
    std::unique_ptr<Server> server(new Server(options.load));
    server->ends_with_input_ = options.ends_with_input;
    server->reloads_ = options.load != nullptr;
    server->had_terminal_ = has_terminal();
    server->service_manager_ = options.service_manager;
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
    server->parts_.listeners = std::move(*listeners);
    if (!server->stop_event_.open() || !server->reloader_.open()) {
        return fail("no event descriptor can be opened: " + std::string(std::strerror(errno)));
    }
    std::array<std::uint64_t, 3> random{};
    if (auto filled = fill_with_random(std::as_writable_bytes(std::span(random))); !filled) {
        return tl::unexpected(filled.error());
    }
    if (auto filled = fill_with_random(server->parts_.access_key); !filled) {
        return tl::unexpected(filled.error());
    }
    const auto& [boundary_high, boundary_low, instance] = random;
    server->parts_.boundary = std::make_unique<http::Boundary>(boundary_high, boundary_low);
    server->parts_.instance = fmt::format("{:016x}", instance);

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
    parts_.relay = std::make_unique<relay::Relay>(*parts_.engine, settings, std::move(setups),
                                                  default_stream_, sockets, parts_.painter.get(),
                                                  parts_.password_checker.get());
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

// --- running ---

void Server::read_signals() noexcept {
    parts_.engine->read({io::OpKind::control, signal_operation, 1}, signals_.get(), signal_info_);
}

void Server::read_stop_event() noexcept {
    stop_event_.read(*parts_.engine, {io::OpKind::control, stop_operation, 1});
}

void Server::on_control(const io::Completion& completion) noexcept {
    switch (completion.token.slot) {
    case signal_operation:
        on_signal(completion);
        break;
    case stop_operation:
        completion.result > 0 ? begin_stop() : read_stop_event();
        break;
    case reload_operation:
        reloader_.on_prepared();
        break;
    case memory_operation:
        reloader_.on_released(completion.token.generation);
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
    if (signal != SIGHUP || !reloads_ || terminal_gone) {
        return on_stop_signal();
    }
    if (service_manager_ != nullptr) {
        service_manager_->reloading(os::monotonic_now());
    }
    reloader_.request();
}

void Server::toggle_draining() noexcept {
    draining_ = !draining_;
    parts_.relay->set_draining(draining_);
    if (draining_) {
        log(LogLevel::info, "draining for maintenance: new viewers are refused, and /healthz "
                            "answers 503, until SIGUSR1 is sent again");
    } else {
        log(LogLevel::info, "draining has ended: new viewers are admitted");
    }
}

void Server::on_stop_signal() noexcept {
    switch (stop_requests_.take(parts_.engine->now())) {
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
        reloader_.stop();
        parts_.relay->stop();
        stop_listening(parts_.listeners);
    }
}

Instant Server::end_of_input() noexcept {
    if (!ends_with_input_ || stopping_ || !parts_.relay->stream(default_stream_).source_ended()) {
        return never;
    }
    if (parts_.streams[default_stream_].source->counters().frames == 0) {
        input_useless_ = true; // nobody has seen a picture that could stay for a while
        begin_stop();
        return never;
    }
    if (end_at_ == never) {
        end_at_ = parts_.engine->now() + input_ended_shown_for;
    }
    if (parts_.engine->now() < end_at_) {
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
        for (const Listener& listener : parts_.listeners) {
            addresses.push_back(config::listen_address_text(listener.address));
        }
        const std::size_t count = parts_.config.streams.size();
        service_manager_->ready(fmt::format("{} stream{} on {}", count, count == 1 ? "" : "s",
                                            fmt::join(addresses, ", ")));
    } catch (const std::bad_alloc&) {
        service_manager_->ready("");
    }
}

bool Server::run() noexcept {
    parts_.relay->set_control_handler(
        [this](const io::Completion& completion) { on_control(completion); });
    parts_.relay->set_status_hook([this](api::RelayCounters& counters) {
        counters.ring_enters = parts_.engine->system_calls();
        counters.log_lines_dropped = log_lines_dropped();
    });
    reloader_.set_report([this](const ReloadReport& /*report*/) { tell_ready(); });
    if (signals_.valid()) {
        read_signals();
    }
    read_stop_event();
    parts_.relay->start();
    tell_ready();
    Instant stop_by = never;
    while (!parts_.relay->finished()) {
        reloader_.step();
        const Instant alive_by = service_manager_ == nullptr
                                     ? never
                                     : service_manager_->keep_alive(parts_.engine->now());
        parts_.relay->turn(reloader_.busy() ? Instant{}
                                            : std::min({end_of_input(), stop_by, alive_by}));
        if (reserve_) {
            reserve_->refill();
        }
        if (stopping_ && stop_by == never) {
            stop_by = parts_.engine->now() + stop_bound;
        }
        if (parts_.engine->now() >= stop_by) {
            log(LogLevel::error, "an operation did not end in time; leaving it behind");
            return false;
        }
    }
    return true;
}

} // namespace ringcast::app
