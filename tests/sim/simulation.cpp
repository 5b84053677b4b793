#include "sim/simulation.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "sim/client_proxies.hpp"

namespace ringcast::sim {

namespace {

using std::chrono::milliseconds;

/// The longest time without a frame for a viewer on a good link while its source is steady: the
/// periods for which slow viewers are deferred, and delays of completions, scheduler and painter.
constexpr int healthy_periods_max = 12;
constexpr Duration healthy_slack = milliseconds(300);

/// A turned frame may be damaged, or find no thread, some times in a row.
constexpr int turned_frames_max = 5;

/// Time to finish after the server's own bound for parts in flight. Joins have no time-out, but
/// completions may be late.
constexpr Duration finish_slack = milliseconds(1500);
constexpr std::uint64_t finish_turns_max = 200'000;

/// A server without deadlines sleeps until a completion; the simulation checks it at this interval.
constexpr Duration idle_max = std::chrono::seconds(1);

// A loop with so many turns and so few completions in so short a time is spinning.
constexpr std::uint64_t spin_turns = 256;
constexpr std::uint64_t spin_completions = 8;
constexpr Duration spin_time = milliseconds(30);

/// More than a status of 100 viewers.
constexpr std::size_t report_bytes_each_max = 100'000;
/// More than one about a stream.
constexpr std::size_t event_bytes_each_max = 1'000;

constexpr std::size_t streams_at_once_max = 3;
constexpr std::size_t streams_in_all_max = 40;
constexpr std::uint64_t stream_change_ms_max = 800;
constexpr std::uint64_t reload_ms_max = 400;
constexpr std::uint32_t reloads_max = 30;
constexpr std::uint64_t siege_pause_ms_max = 10;

/// Only in headers that are not to be believed (client_proxies.cpp).
constexpr std::string_view never_named = "203.0.113.9";

} // namespace

namespace {

UpstreamSetup some_upstream(Decisions& decisions, const SourceSetup& source) {
    UpstreamSetup upstream;
    upstream.period = source.period;
    upstream.frame_bytes_min = std::max(source.frame_bytes_min, FrameLog::picture_bytes_min);
    upstream.frame_bytes_max = std::max(source.frame_bytes_max, upstream.frame_bytes_min);
    upstream.framing = static_cast<Framing>(decisions.below(framing_count));
    upstream.ringcast = decisions.once_in(2);
    upstream.misbehaves = decisions.once_in(2);
    upstream.on_demand = decisions.once_in(3);
    upstream.timeout = milliseconds(decisions.between(300, 2000));
    upstream.idle_after = milliseconds(decisions.between(20, 1000));
    upstream.link.round_trip = milliseconds(decisions.below(40));
    if (decisions.once_in(4)) {
        upstream.link.transport = io::Transport::unix_socket;
    }
    return upstream;
}

} // namespace

World some_world(Decisions& decisions) {
    World world;
    constexpr std::array<std::size_t, 3> pages{4096, 16384, 65536};
    world.page = pages[decisions.below(pages.size())];
    world.engine.zero_copy = !decisions.once_in(8);
    world.engine.zero_copy_bytes_min = decisions.once_in(2) ? decisions.below(3000) : 0;
    world.slots = static_cast<std::uint16_t>(decisions.between(8, 24));
    world.streams = static_cast<std::uint32_t>(decisions.between(1, 2));
    world.viewers_max = static_cast<std::uint32_t>(decisions.between(6, 24));
    world.source.period = milliseconds(decisions.between(10, 100));
    world.source.frame_bytes_min = 100 + decisions.below(1000);
    world.source.frame_bytes_max = world.source.frame_bytes_min + decisions.below(6000);
    world.source.holds_two = decisions.once_in(2);
    world.source.loses_signal = decisions.once_in(3);
    world.source.ends = decisions.once_in(8);
    world.source.jitters = decisions.once_in(2);
    world.source.pauses = decisions.once_in(3);
    world.source.wakes_after = milliseconds(decisions.below(200));
    world.cameras = decisions.once_in(2);
    world.camera.period = world.source.period;
    world.camera.frame_bytes_min = world.source.frame_bytes_min;
    world.camera.frame_bytes_max = world.source.frame_bytes_max;
    world.camera.buffers = decisions.between(2, 6);
    world.camera.registers = !decisions.once_in(4);
    world.camera.jitters = world.source.jitters;
    world.camera.unplugged = decisions.once_in(2);
    world.camera.pauses = world.source.pauses;
    world.camera.wakes_after = world.source.wakes_after;
    world.period_expected = decisions.once_in(2) ? Duration::zero() : world.source.period;
    world.arrival_pause_max = milliseconds(decisions.between(5, 200));
    world.crowd = decisions.once_in(4);
    relay::RelaySettings& relay = world.relay;
    relay.viewers_max = world.viewers_max;
    relay.viewers_per_address_max = decisions.once_in(4) ? 2 : 0;
    relay.connections_extra = static_cast<std::uint32_t>(decisions.between(2, 8));
    relay.accepts_max = static_cast<std::uint32_t>(decisions.between(3, 6));
    relay.stream.submit_batch = static_cast<std::uint32_t>(decisions.between(1, 16));
    relay.snapshot_wait = milliseconds(decisions.between(50, 500));
    relay.report_wait = milliseconds(decisions.between(50, 500));
    relay.report_bytes_max = decisions.between(1, 40) * 1000;
    relay.stream.silence_max = milliseconds(decisions.between(500, 2000));
    relay.stream.placeholder_period = milliseconds(decisions.between(50, 300));
    relay.shutdown_grace = milliseconds(decisions.between(100, 1000));
    relay.connection.stall_timeout = milliseconds(decisions.between(400, 3000));
    relay.connection.head_timeout = milliseconds(decisions.between(300, 1500));
    relay.connection.proxy_header_timeout = milliseconds(decisions.between(200, 1000));
    relay.connection.keep_alive_timeout = milliseconds(decisions.between(300, 1500));
    relay.connection.drain_timeout = milliseconds(decisions.between(100, 600));
    relay.connection.pinned_per_viewer_max = static_cast<std::uint32_t>(decisions.between(1, 4));
    constexpr std::array<connection::SendPathPolicy, 4> policies{
        connection::SendPathPolicy::automatic, connection::SendPathPolicy::automatic,
        connection::SendPathPolicy::zero_copy, connection::SendPathPolicy::copy};
    relay.connection.send_path_policy = policies[decisions.below(policies.size())];
    relay.connection.zero_copy_probe_interval = milliseconds(decisions.between(100, 2000));
    relay.stream.rendition_idle_after = milliseconds(decisions.between(20, 500));
    world.workers.count = static_cast<std::uint32_t>(decisions.between(1, 3));
    world.workers.time_max = milliseconds(decisions.between(1, 80));
    world.streams_change = decisions.once_in(3);
    world.reloads = decisions.once_in(3);
    world.passwords = decisions.once_in(3);
    world.password_time_max = milliseconds(decisions.between(1, 100));
    world.rules_change = decisions.once_in(2);
    world.unix_open = decisions.once_in(2);
    relay.login_wait = milliseconds(decisions.between(20, 600));
    relay.controls_wait = milliseconds(decisions.between(20, 600));
    world.camera.controls_time = milliseconds(decisions.between(1, 100));
    world.siege = decisions.once_in(4);
    world.proxies = decisions.once_in(2);
    world.upstreams = decisions.once_in(4);
    if (world.upstreams) {
        world.upstream = some_upstream(decisions, world.source);
    }
    relay.connection.event_heartbeat = milliseconds(500);
    // Not drawn, so that the worlds of earlier seeds stay what they were.
    world.turned = world.source.period % milliseconds(4) == Duration::zero();
    return world;
}

namespace {

frame::SlotGeometry slot_geometry(const World& world) noexcept {
    frame::SlotGeometry geometry;
    geometry.page = world.page;
    geometry.frame_bytes_max = world.source.frame_bytes_max;
    geometry.slot_count = world.slots;
    return geometry;
}

} // namespace

Simulation::Simulation(Decisions& decisions, const World& world)
    : decisions_(decisions), world_(world), engine_(decisions, world.engine),
      painter_(engine_, log_), workers_(engine_, log_, world.workers),
      renditions_(engine_, log_, decisions, slot_geometry(world), world.relay.boundary),
      tcp_listener_(engine_.open_listener()), unix_listener_(engine_.open_listener()) {
    engine_.set_servers([this](const io::SocketAddress& address) {
        return upstream(SimUpstream::number_of(address)).accept();
    });
    std::vector<stream::StreamSetup> setups;
    for (std::uint32_t i = 0; i < world.streams; ++i) {
        setups.push_back(make_stream());
    }
    std::vector<int> listeners{tcp_listener_, unix_listener_};
    relay::RelaySettings settings = world.relay;
    settings.listeners.resize(2);
    if (world.passwords) {
        settings.access = relay::AccessSettings{sim_rules(false), {}};
        settings.listeners[1].open = world.unix_open;
        checker_.emplace(engine_, world.password_time_max);
    }
    if (world.proxies) {
        proxy_listener_ = engine_.open_listener();
        listeners.push_back(*proxy_listener_);
        settings.listeners.push_back({.proxy_protocol = true});
        const std::array<std::string, 1> trusted{trusted_network};
        trusted_proxies_ = http::AddressSet::parse(trusted).value();
        settings.trusted_proxies = trusted_proxies_;
    }
    relay_ = std::make_unique<relay::Relay>(engine_, std::move(settings), std::move(setups), 0U,
                                            listeners, &painter_, checker_ ? &*checker_ : nullptr,
                                            relay::PictureMaking{&renditions_, &workers_});
    for (std::size_t i = 0; i < world.streams; ++i) {
        list_stream(i, relay_->stream(i).id());
    }
    relay_->start();
    began_ = engine_.now();
    window_began_ = began_;
    for (std::uint32_t i = 0; i < world.healthy_clients; ++i) {
        add_client(plan_with_proof(ClientKind::healthy));
    }
    if (world.passwords && world.cameras && world.clients_max > 0) {
        add_client(
            plan_with_proof(ClientKind::changes)); // few other worlds let them change something
    }
    schedule_arrival();
    if (world_.crowd) {
        schedule_crowd();
    }
    if (world_.siege) {
        schedule_siege();
    }
    if (world_.streams_change) {
        schedule_stream_change();
    }
    if (world_.passwords && world_.rules_change) {
        schedule_rules_change();
    }
    if (world_.reloads) {
        schedule_reload();
    }
}

stream::StreamSetup Simulation::make_stream(std::string name) {
    const World& world = world_;
    const frame::SlotGeometry geometry = slot_geometry(world);
    const ByteSpan memory = memory_.emplace_back(geometry.arena_bytes(), world.page).bytes();
    const auto buffer = engine_.register_buffer(memory, {});
    arenas_.push_back(std::make_unique<frame::FrameArena>(
        memory, geometry, world.relay.boundary,
        buffer ? std::optional<io::BufferId>(*buffer) : std::nullopt));
    arenas_.back()->set_release_hook(poison_slot);
    buffers_.push_back(buffer ? std::optional<io::BufferId>(*buffer) : std::nullopt);
    if (world.upstreams) {
        sources_.push_back(std::make_unique<SimUpstream>(
            engine_, log_, world.upstream, static_cast<std::uint8_t>(sources_.size())));
    } else if (world.cameras) {
        sources_.push_back(std::make_unique<SimCamera>(engine_, log_, world.camera));
    } else {
        sources_.push_back(std::make_unique<SimSource>(engine_, log_, world.source));
    }
    stream::StreamSetup setup;
    setup.name = name.empty() ? fmt::format("s{}", sources_.size() - 1) : std::move(name);
    setup.arena = arenas_.back().get();
    setup.source = sources_.back().get();
    turned_.emplace_back();
    if (world.turned && (world.upstreams || !world.cameras)) {
        decisions_.note(FaultKind::stream_turned);
        turned_.back() = std::make_unique<SimTurned>(engine_, log_, world.workers,
                                                     world_.relay.stream, *setup.source, geometry);
        setup.source = &turned_.back()->source();
    }
    setup.period_expected = world.period_expected;
    setup.renditions = {{.name = "half", .target = {.eighths = 4}},
                        {.name = "wall",
                         .target = {.width = 160, .height = 120},
                         .period_min = 3 * world.source.period}};
    return setup;
}

void Simulation::list_stream(std::size_t number, io::StreamId id) {
    ids_.push_back(id);
    directory_.push_back({fmt::format("s{}", number), id});
}

std::size_t Simulation::add_stream() {
    decisions_.note(FaultKind::stream_added);
    const std::size_t number = sources_.size();
    list_stream(number, relay_->add_stream(make_stream()));
    return number;
}

void Simulation::end_stream(std::size_t number) {
    decisions_.note(FaultKind::stream_ended);
    const io::StreamId id = ids_[number];
    std::erase_if(directory_, [id](const stream::DirectoryEntry& entry) { return entry.id == id; });
    relay_->end_stream(id);
}

// --- arriving clients ---

SimClient& Simulation::add_client(ClientPlan plan) {
    const LinkSetup link = plan.link;
    for (ClientRequest& request : plan.requests) {
        request.expectation.patience =
            request.expectation.patience.value_or(world_.relay.snapshot_wait);
    }
    clients_.push_back(
        std::make_unique<SimClient>(engine_.events(), decisions_, log_, std::move(plan)));
    SimClient& client = *clients_.back();
    limit_pictures(client);
    const bool is_unix = link.transport == io::Transport::unix_socket;
    const bool extra = extra_listener_ && !extra_listener_->removed && decisions_.once_in(2);
    const int listener = is_unix ? unix_listener_ : extra ? extra_listener_->socket : tcp_listener_;
    (void)engine_.connect(client.plan().proxy_header.empty() ? listener : proxy_listener_.value(),
                          link, client);
    return client;
}

ClientPlan Simulation::plan_arrival() {
    const auto kind = static_cast<ClientKind>(decisions_.below(client_kind_count));
    ClientPlan plan = plan_with_proof(kind);
    if (world_.proxies && decisions_.once_in(2)) {
        add_proxy(decisions_, plan);
    }
    return plan;
}

void Simulation::schedule_arrival() {
    if (clients_.size() >= world_.clients_max + besiegers_ || stopping_) {
        return;
    }
    const auto pause = static_cast<std::uint64_t>(world_.arrival_pause_max.count());
    engine_.events().after(Duration(1 + static_cast<std::int64_t>(decisions_.below(pause))),
                           [this] {
                               add_client(plan_arrival());
                               schedule_arrival();
                           });
}

void Simulation::schedule_crowd() {
    if (crowd_++ >= world_.viewers_max || stopping_) {
        return;
    }
    engine_.events().after(world_.source.period, [this] {
        add_client(plan_with_proof(ClientKind::never_reads));
        schedule_crowd();
    });
}

void Simulation::schedule_siege() {
    const std::uint32_t places = world_.relay.viewers_max + world_.relay.connections_extra;
    if (besiegers_++ >= 2 * places || stopping_) {
        return;
    }
    engine_.events().after(milliseconds(decisions_.between(1, siege_pause_ms_max)), [this] {
        ClientPlan plan = plan_client(decisions_, ClientKind::says_nothing, directory_);
        plan.link.transport = io::Transport::tcp;
        plan.link.address = "192.0.2.250:4000";
        add_client(std::move(plan));
        schedule_siege();
    });
}

// --- streams that end and begin ---

void Simulation::schedule_stream_change() {
    engine_.events().after(milliseconds(decisions_.between(1, stream_change_ms_max)),
                           [this] { stream_change_due_ = true; });
}

/// Between two turns of the loop, as the application does it.
void Simulation::change_streams() {
    if (!std::exchange(stream_change_due_, false) || stopping_) {
        return;
    }
    const bool may_add = directory_.size() < streams_at_once_max;
    const bool may_end = directory_.size() > 1; // the first one is the default
    if (may_end && (!may_add || decisions_.once_in(2))) {
        const std::size_t position = decisions_.between(1, directory_.size() - 1);
        const auto id = std::find(ids_.begin(), ids_.end(), directory_[position].id);
        end_stream(static_cast<std::size_t>(id - ids_.begin()));
    } else {
        add_stream();
    }
    if (sources_.size() < streams_in_all_max) {
        schedule_stream_change();
    }
}

// --- reloads ---

std::size_t Simulation::replace_stream(std::size_t number, bool waits) {
    decisions_.note(FaultKind::stream_replaced);
    const io::StreamId earlier = ids_[number];
    relay_->connections().for_each(
        [&](connection::ConnectionId, const connection::Connection& connection) {
            if (connection.state() == connection::ConnectionState::sending &&
                connection.frames().options().stream == earlier) {
                decisions_.note(FaultKind::stream_replaced_midway);
            }
        });
    const auto listed = std::ranges::find(directory_, earlier, &stream::DirectoryEntry::id);
    const std::array after{earlier};
    const std::span<const io::StreamId> waits_for = waits ? after : std::span<const io::StreamId>();
    const io::StreamId next = relay_->replace_stream(earlier, make_stream(listed->name), waits_for);
    log_.note_successor(earlier, next);
    listed->id = next;
    ids_.push_back(next);
    return ids_.size() - 1;
}

/// The number of the stream that a viewer of `id` watches now.
std::size_t Simulation::successor_of(io::StreamId id) const {
    std::size_t number = 0;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        if (log_.continues(id, ids_[i])) {
            number = i;
        }
    }
    return number;
}

void Simulation::add_listener() {
    decisions_.note(FaultKind::listener_added);
    const int socket = engine_.open_listener();
    extra_listener_ = ExtraListener{socket, relay_->add_listener(socket, {}), false};
}

void Simulation::remove_listener() {
    decisions_.note(FaultKind::listener_removed);
    extra_listener_->removed = true;
    relay_->remove_listener(extra_listener_->place);
}

/// As the application does when the relay does not use something any more.
void Simulation::return_resources() {
    if (extra_listener_ && extra_listener_->removed &&
        relay_->listener_removed(extra_listener_->place)) {
        engine_.close({}, extra_listener_->socket);
        extra_listener_.reset();
    }
    renditions_.return_unused(*relay_);
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
        if (buffers_[i] && !has_stream(i)) {
            engine_.release_buffer(*std::exchange(buffers_[i], std::nullopt));
        }
    }
}

void Simulation::schedule_reload() {
    engine_.events().after(milliseconds(decisions_.between(1, reload_ms_max)),
                           [this] { reload_due_ = true; });
}

/// One of the changes that a reload consists of.
void Simulation::reload() {
    enum class Change : std::uint8_t { stream, stream_again, settings, listener };
    constexpr std::uint64_t change_count = 4;
    switch (static_cast<Change>(decisions_.below(change_count))) {
    case Change::stream:
    case Change::stream_again: {
        const io::StreamId id = directory_[decisions_.below(directory_.size())].id;
        replace_stream(successor_of(id), decisions_.once_in(2));
        break;
    }
    case Change::settings: {
        decisions_.note(FaultKind::settings_changed);
        relay::ServingSettings settings = world_.relay;
        settings.trusted_proxies = trusted_proxies_;
        settings.viewers_max =
            static_cast<std::uint32_t>(decisions_.between(1, world_.relay.viewers_max));
        settings.connection.stall_timeout = milliseconds(decisions_.between(400, 3000));
        settings.connection.send_path_policy = decisions_.once_in(2)
                                                   ? connection::SendPathPolicy::copy
                                                   : connection::SendPathPolicy::automatic;
        relay_->change_settings(std::move(settings));
        break;
    }
    case Change::listener:
        if (!extra_listener_) {
            add_listener();
        } else if (!extra_listener_->removed) {
            remove_listener();
        }
        break;
    }
    if (++reloads_ < reloads_max && sources_.size() < streams_in_all_max) {
        schedule_reload();
    }
}

// --- the run ---

bool Simulation::step(Instant wake_by) {
    if (failure_.empty()) {
        relay_->turn(std::min(wake_by, engine_.now() + idle_max));
        check();
        change_streams();
        if (std::exchange(reload_due_, false) && !stopping_) {
            reload();
        }
        return_resources();
        if (std::exchange(rules_change_due_, false) && !stopping_) {
            revoke_access();
        }
    }
    return failure_.empty();
}

bool Simulation::finish() {
    for (const stream::StreamStatus& stream : status().streams) {
        if (stream.sends.moves_down > 0) {
            decisions_.note(FaultKind::viewer_moved_down);
        }
        if (stream.sends.moves_up > 0) {
            decisions_.note(FaultKind::viewer_moved_up);
        }
    }
    for (const auto& client : clients_) {
        if (!client->reader().events().empty()) {
            decisions_.note(FaultKind::events_followed);
        }
        if (client->reader().heartbeats() > 0) {
            decisions_.note(FaultKind::event_heartbeat);
        }
    }
    stopping_ = true;
    relay_->stop();
    const Instant finished_by = engine_.now() + world_.relay.shutdown_grace +
                                world_.relay.connection.drain_timeout + finish_slack;
    for (std::uint64_t turn = 0; failure_.empty() && !relay_->finished(); ++turn) {
        if (engine_.now() > finished_by || turn > finish_turns_max) {
            fail(fmt::format("shutdown does not end: {} connections, {} sends",
                             relay_->connections().size(), relay_->send_count()));
            return false;
        }
        (void)step();
    }
    // Operations without an owner (the close of a refused connection) may still be under way.
    std::array<io::Completion, 16> rest;
    while (engine_.submit_and_reap(rest, engine_.now() + milliseconds(10), 1) > 0) {
    }
    check();
    for (const auto& arena : arenas_) {
        if (arena->free_count() != arena->geometry().slot_count) {
            fail("a slot has not come back at shutdown");
        }
    }
    const std::size_t listeners = (proxy_listener_ ? 3U : 2U) + (extra_listener_ ? 1U : 0U);
    if (engine_.open_descriptors() != listeners) {
        fail(fmt::format("{} descriptors are still open", engine_.open_descriptors() - listeners));
    }
    if (engine_.operations_outstanding() > 0 || engine_.pages_held() > 0) {
        fail("operations are still under way after shutdown");
    }
    return failure_.empty();
}

std::uint64_t Simulation::frames_received() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& client : clients_) {
        sum += client->reader().frames();
    }
    return sum;
}

// --- what must hold ---

void Simulation::fail(std::string what) {
    if (failure_.empty()) {
        failure_ = std::move(what);
    }
}

void Simulation::check() {
    if (!engine_.violations().empty()) {
        fail(engine_.violations().front());
    }
    check_clients();
    if (world_.passwords) {
        note_refusals();
    }
    check_addresses();
    check_slots();
    check_ended_streams();
    check_renditions();
    check_controls();
    check_bounds();
    check_spinning();
}

void Simulation::check_clients() {
    const Duration healthy_max = healthy_periods_max * world_.source.period + healthy_slack;
    const Instant now = engine_.now();
    for (const auto& client : clients_) {
        const ResponseReader& reader = client->reader();
        if (!client->error().empty()) {
            fail(fmt::format("client '{}' at {}: {}", client->plan().name,
                             client->plan().link.address, client->error()));
        }
        if (!client->plan().healthy || stopping_ || !reader.streaming()) {
            continue;
        }
        const std::size_t number = successor_of(client->plan().requests[0].expectation.stream);
        const SimProducer& source = *sources_[number];
        if (client->was_reset()) {
            fail("a healthy viewer was disconnected");
        }
        const bool listed = std::ranges::find(directory_, ids_[number],
                                              &stream::DirectoryEntry::id) != directory_.end();
        if (!client->here() && listed && revoked_at_ == never && client->plan().known) {
            fail("the stream of a healthy viewer has ended");
        }
        const Instant since = std::max(reader.last_picture_at(), source.steady_since());
        const Duration turning =
            turned_[number] == nullptr
                ? Duration::zero()
                : turned_frames_max * (world_.source.period + world_.workers.time_max);
        if (source.steady_since() != never && client->here() &&
            now - since > healthy_max + turning) {
            fail("a healthy viewer has got no frame for too long");
        }
    }
}

/// The relay takes each viewer for the one that it is, whatever strangers write into headers, and
/// admits no more of one address than it may.
void Simulation::check_addresses() {
    std::map<std::string, std::uint32_t> viewers;
    relay_->connections().for_each(
        [&](connection::ConnectionId, const connection::Connection& connection) {
            const connection::Endpoint& endpoint = connection.endpoint();
            // The socket of a closing connection may be closed, or another one's, already.
            if (connection.state() == connection::ConnectionState::closing) {
                return;
            }
            const LinkSetup& link = engine_.link_of(endpoint.socket);
            const std::string address = endpoint.client.text(endpoint.peer).data();
            const bool identified = connection.streaming();
            const std::string& expected =
                identified && !link.client.empty() ? link.client : link.address;
            const bool wrong = link.client.empty() || identified ? address != expected
                                                                 : address.starts_with(never_named);
            if (wrong || (identified && endpoint.client.disputed != link.client_disputed)) {
                fail(fmt::format("a client is taken for {} instead of {}", address, expected));
            }
            if (identified && !endpoint.client.is_local(endpoint.peer)) {
                const std::string host = expected.substr(0, expected.rfind(':'));
                ++viewers[link.client_disputed ? "disputed" : host];
            }
        });
    const std::uint32_t max = world_.relay.viewers_per_address_max;
    for (const auto& [address, count] : viewers) {
        if (max > 0 && count > max) {
            fail(fmt::format("{} viewers from {}", count, address));
        }
    }
}

void Simulation::check_slots() {
    std::uint32_t leases = 0;
    for (std::size_t i = 0; i < arenas_.size(); ++i) {
        const frame::FrameArena& arena = *arenas_[i];
        const std::uint16_t own = arena.geometry().slot_count;
        const SimTurned* const turned = turned_[i].get();
        std::size_t in_use =
            arena.free_count() + (turned == nullptr ? sources_[i]->slots_held() : 0);
        for (std::uint16_t slot = 0; slot < own + frame::SlotGeometry::adopted_slots_max; ++slot) {
            const std::uint32_t count = arena.lease_count(frame::SlotIndex{slot});
            leases += count;
            in_use += count > 0 && slot < own ? 1 : 0;
        }
        const std::size_t written = turned != nullptr ? 1 : 0; // perhaps, by its worker
        if (in_use > own || in_use + written < own) {
            fail(fmt::format("{} of {} slots are accounted for", in_use, own));
        }
        if (turned != nullptr && !turned->complaint().empty()) {
            fail(turned->complaint());
        }
        if (!sources_[i]->complaint().empty()) {
            fail(sources_[i]->complaint());
        }
        if (sources_[i]->counters().frames_dropped > 0) {
            fail("the source found no slot");
        }
    }
    // Each lease belongs to a send, to a reply whose body is not being sent yet, to a stream (its
    // newest frame) or to a worker.
    if (leases >
        relay_->send_count() + relay_->connections().size() + directory_.size() + workers_.busy()) {
        fail("more leases than there is use for");
    }
}

/// Only administrators change controls, and nobody is one where nobody is asked who they are.
void Simulation::check_controls() {
    if (!world_.cameras || world_.upstreams || world_.passwords) {
        return;
    }
    for (const auto& source : sources_) {
        const auto& camera = static_cast<const SimCamera&>(*source);
        if (!camera.control_settings().changed().empty()) {
            fail("somebody who is no administrator has changed a camera's controls");
        }
    }
}

void Simulation::check_ended_streams() {
    for (std::size_t i = 0; i < arenas_.size(); ++i) {
        if (has_stream(i)) {
            continue;
        }
        const frame::FrameArena& arena = *arenas_[i];
        const std::uint16_t own = arena.geometry().slot_count;
        bool leased = false;
        for (std::uint16_t slot = 0; slot < own + frame::SlotGeometry::adopted_slots_max; ++slot) {
            leased = leased || arena.lease_count(frame::SlotIndex{slot}) > 0;
        }
        const bool runs =
            (sources_[i]->started() && !sources_[i]->stopped()) || sources_[i]->raw_lent() > 0;
        const bool turns =
            turned_[i] != nullptr && sources_[i]->started() &&
            (!turned_[i]->source().stopped() ||
             turned_[i]->arena().free_count() != turned_[i]->arena().geometry().slot_count);
        if (leased || arena.free_count() != own || runs || turns) {
            fail("a stream is gone, and its memory or its source is still in use");
        }
    }
}

void Simulation::check_renditions() {
    if (!workers_.complaint().empty()) {
        fail(workers_.complaint());
    }
    if (!renditions_.complaint().empty()) {
        fail(renditions_.complaint());
    }
}

void Simulation::check_bounds() {
    const relay::RelaySettings& settings = world_.relay;
    const std::uint32_t places = settings.viewers_max + settings.connections_extra;
    const relay::Relay::Places taken = relay_->places_taken();
    if (relay_->connections().size() > places + settings.accepts_max ||
        taken.requests + taken.viewers > places) {
        fail("more connections than are allowed");
    }
    if (taken.viewers > settings.viewers_max) {
        fail("viewers have taken places that are reserved for requests");
    }
    if (relay_->send_count() >
        relay_->connections().size() * (settings.connection.pinned_per_viewer_max + 1)) {
        fail("viewers pin more frames than they may");
    }
    // Beside those that are being sent: the newest of each kind, and one that was rendered last.
    if (relay_->report_bytes() > settings.report_bytes_max + 4 * report_bytes_each_max) {
        fail("reports occupy more memory than they may");
    }
    // The log, and one event for each connection.
    if (relay_->event_log().bytes() >
        (relay::EventLog::count_max + relay_->connections().size()) * event_bytes_each_max) {
        fail("events occupy more memory than they may");
    }
    if (relay_->counters().late_completions > late_completions_max_) {
        fail("a completion came for something that was gone");
    }
}

void Simulation::check_spinning() {
    if (++window_turns_ < spin_turns) {
        return;
    }
    const std::uint64_t completions = engine_.completions_handed_out() - window_completions_;
    if (completions < spin_completions && engine_.now() - window_began_ < spin_time) {
        fail("the loop spins without anything to do");
    }
    window_turns_ = 0;
    window_completions_ = engine_.completions_handed_out();
    window_began_ = engine_.now();
}

} // namespace ringcast::sim
