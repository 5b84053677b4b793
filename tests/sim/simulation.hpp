#pragma once
// The whole relay in a simulated world: sources, clients and a kernel that misbehave at random.
// After each step all invariants are checked; the first one that is violated is the failure.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/immovable.hpp"
#include "frame/frame_arena.hpp"
#include "relay/relay.hpp"
#include "sim/arena_memory.hpp"
#include "sim/client_plans.hpp"
#include "sim/decisions.hpp"
#include "sim/frame_log.hpp"
#include "sim/sim_access.hpp"
#include "sim/sim_camera.hpp"
#include "sim/sim_client.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_renditions.hpp"
#include "sim/sim_source.hpp"
#include "sim/sim_upstream.hpp"
#include "stream/directory.hpp"

namespace ringcast::sim {

/// Parameters of a run: drawn at random by `some_world`, fixed by scenarios.
struct World {
    SimEngineSetup engine;
    std::size_t page = 4096;
    std::uint16_t slots = 12;
    std::uint32_t streams = 1;
    std::uint32_t viewers_max = 12;
    SourceSetup source;
    Duration period_expected{}; ///< what the streams know of their rates; zero: nothing
    bool cameras = false;       ///< cameras instead of the sources above
    CameraSetup camera;
    bool upstreams = false; ///< other servers instead of either
    UpstreamSetup upstream;
    bool passwords = false;       ///< viewers must prove who they are
    Duration password_time_max{}; ///< of a verification
    bool unix_open = false;       ///< ... but not on the UNIX socket
    bool rules_change = false;    ///< users, tokens and links are replaced once
    WorkersSetup workers;         ///< of renditions
    bool turned = false;          ///< the pictures of all streams but cameras are turned
    relay::RelaySettings relay{http::Boundary{1, 2}, "00000000000000aa"};
    std::uint32_t clients_max = 30; ///< in all
    Duration arrival_pause_max = std::chrono::milliseconds(60);
    std::uint32_t healthy_clients = 2; ///< connected from the beginning
    bool crowd = false;                ///< clients that never read, one more with every frame
    bool siege = false;          ///< silent clients of one address, more than there are places
    bool streams_change = false; ///< streams other than the first end, and others begin
    bool reloads = false;        ///< streams are replaced, listeners come and go, limits change
    bool proxies = false;        ///< a listener expects PROXY headers, and some proxies are trusted
};

[[nodiscard]] World some_world(Decisions& decisions);

class Simulation : private Immovable {
public:
    Simulation(Decisions& decisions, const World& world);
    ~Simulation() = default;

    /// Runs one turn of the relay's loop, which returns by `wake_by` even when nothing happens.
    /// Returns false after a failure.
    [[nodiscard]] bool step(Instant wake_by = never);
    /// Stops the relay and waits until it has finished; everything must have been returned by then.
    [[nodiscard]] bool finish();
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

    /// Where passwords are asked for, the client has none unless `add_proof` gave it one.
    SimClient& add_client(ClientPlan plan);
    /// Replaces users, tokens and the key of links: those who are known must prove themselves anew.
    void revoke_access();
    /// Adds a stream with an arena and a source of its own, and returns its number. Streams are
    /// numbered from 0 as they are added, and called "s0", "s1" and so on.
    std::size_t add_stream();
    void end_stream(std::size_t number);
    /// Replaces a stream by one with an arena and a source of its own, which starts when the earlier
    /// one has stopped (`waits`) or at once. Returns the number of the new one, whose name is the
    /// earlier one's.
    std::size_t replace_stream(std::size_t number, bool waits);
    void set_renditions(std::size_t number, std::vector<stream::RenditionSpec> renditions,
                        stream::Adapting adapting = stream::Adapting::browsers) {
        relay_->set_renditions(ids_[number], std::move(renditions), adapting);
    }
    /// How many exist, those included that end.
    [[nodiscard]] std::size_t rendition_count() const noexcept { return renditions_.count(); }
    void set_default_stream(std::size_t number) { relay_->set_default_stream(ids_[number]); }
    /// Opens a further listener for clients over TCP, or closes it.
    void add_listener();
    void remove_listener();
    void change_settings(relay::ServingSettings settings) {
        relay_->change_settings(std::move(settings));
    }
    void set_access(std::optional<relay::AccessSettings> access) {
        relay_->set_access(std::move(access));
    }
    [[nodiscard]] const World& world() const noexcept { return world_; }
    [[nodiscard]] io::StreamId stream_id(std::size_t number) const { return ids_[number]; }
    [[nodiscard]] bool has_stream(std::size_t number) const {
        return relay_->has_stream(ids_[number]);
    }
    [[nodiscard]] const frame::FrameArena& arena(std::size_t number) const {
        return *arenas_[number];
    }
    /// The number of late completions that the test causes on purpose.
    void expect_late_completions(std::uint64_t count) noexcept { late_completions_max_ = count; }
    [[nodiscard]] SimEngine& engine() noexcept { return engine_; }
    [[nodiscard]] const relay::Relay& relay() const noexcept { return *relay_; }
    void add_event(const api::Event& event) { relay_->add_event(event); }
    void set_draining(bool draining) { relay_->set_draining(draining); }
    [[nodiscard]] api::StatusSnapshot status(bool with_viewers = false) {
        constexpr api::ViewerPage all{.count_max = UINT32_MAX};
        return status(with_viewers ? all : api::ViewerPage{});
    }
    [[nodiscard]] api::StatusSnapshot status(const api::ViewerPage& page) {
        return relay_->status(page);
    }
    /// `hook` is called whenever a status is gathered.
    void set_status_hook(std::function<void(api::RelayCounters&)> hook) {
        relay_->set_status_hook(std::move(hook));
    }
    [[nodiscard]] const SimProducer& source(std::size_t stream) const { return *sources_[stream]; }
    /// The stream's source makes no frames for this time.
    void hold_source(std::size_t stream, Duration time) {
        sources_[stream]->hold_until(engine_.now() + time);
    }
    /// Requires `World::cameras`.
    [[nodiscard]] SimCamera& camera(std::size_t stream) {
        RINGCAST_ASSERT(world_.cameras);
        return static_cast<SimCamera&>(*sources_[stream]);
    }
    /// Requires `World::upstreams`.
    [[nodiscard]] SimUpstream& upstream(std::size_t stream) {
        RINGCAST_ASSERT(world_.upstreams);
        return static_cast<SimUpstream&>(*sources_[stream]);
    }
    [[nodiscard]] const std::vector<std::unique_ptr<SimClient>>& clients() const noexcept {
        return clients_;
    }
    [[nodiscard]] std::uint64_t frames_received() const noexcept;
    [[nodiscard]] Duration elapsed() const noexcept { return engine_.now() - began_; }

private:
    [[nodiscard]] stream::StreamSetup make_stream(std::string name = {});
    void list_stream(std::size_t number, io::StreamId id);
    [[nodiscard]] ClientPlan plan_arrival();
    void schedule_arrival();
    void schedule_crowd();
    void schedule_siege();
    void schedule_stream_change();
    void schedule_rules_change();
    [[nodiscard]] ClientPlan plan_with_proof(ClientKind kind);
    [[nodiscard]] bool must_prove(const LinkSetup& link) const noexcept;
    void limit_pictures(SimClient& client) const;
    void note_refusals();
    void change_streams();
    void schedule_reload();
    void reload();
    void return_resources();
    [[nodiscard]] std::size_t successor_of(io::StreamId id) const;
    void check();
    void check_clients();
    void check_addresses();
    void check_slots();
    void check_ended_streams();
    void check_renditions();
    void check_controls();
    void check_bounds();
    void check_spinning();
    void fail(std::string what);

    Decisions& decisions_;
    World world_;
    SimEngine engine_;
    FrameLog log_;
    std::vector<ArenaMemory> memory_;
    std::vector<std::unique_ptr<frame::FrameArena>> arenas_;
    std::vector<std::unique_ptr<SimProducer>> sources_;
    std::vector<std::unique_ptr<SimTurned>> turned_;   ///< null for streams that are not
    std::vector<std::optional<io::BufferId>> buffers_; ///< empty when released
    std::vector<io::StreamId> ids_;                    ///< by number, as the five above
    std::vector<stream::DirectoryEntry> directory_;    ///< of those that have not ended
    SimPainter painter_;
    SimPictureWorkers workers_;
    SimRenditionMaker renditions_;
    std::optional<SimPasswordChecker> checker_; ///< where passwords are asked for
    int tcp_listener_;
    int unix_listener_;
    std::optional<int> proxy_listener_;
    http::AddressSet trusted_proxies_;
    struct ExtraListener {
        int socket = -1;
        std::uint32_t place = 0;
        bool removed = false;
    };
    std::optional<ExtraListener> extra_listener_;
    std::unique_ptr<relay::Relay> relay_;
    std::vector<std::unique_ptr<SimClient>> clients_;
    std::uint32_t crowd_ = 0;
    std::uint32_t besiegers_ = 0;
    bool stopping_ = false;
    bool stream_change_due_ = false;
    bool reload_due_ = false;
    std::uint32_t reloads_ = 0;
    bool rules_change_due_ = false;
    Instant revoked_at_ = never; ///< when users, tokens and links were replaced
    std::uint64_t late_completions_max_ = 0;
    std::uint64_t window_turns_ = 0;
    std::uint64_t window_completions_ = 0;
    Instant window_began_{};
    Instant began_{};
    std::string failure_;
};

} // namespace ringcast::sim
