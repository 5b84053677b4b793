// Passwords in the simulated world: who proves what, and what changes meanwhile.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "sim/simulation.hpp"

namespace ringcast::sim {

namespace {

constexpr std::uint64_t rules_change_ms_max = 3000;
constexpr int too_many_requests = 429;

std::string_view name_of(const std::vector<stream::DirectoryEntry>& directory, io::StreamId id) {
    const auto found = std::ranges::find(directory, id, &stream::DirectoryEntry::id);
    return found == directory.end() ? std::string_view("s0") : std::string_view(found->name);
}

} // namespace

/// A client of this kind, which proves who it is in some way where passwords are asked for.
ClientPlan Simulation::plan_with_proof(ClientKind kind) {
    ClientPlan plan = plan_client(decisions_, kind, directory_);
    if (world_.passwords) {
        constexpr std::uint64_t good_proofs = 3; // none of them is Proof::none
        const bool administrates = kind == ClientKind::changes && !decisions_.once_in(3);
        const Proof proof = administrates  ? Proof::password
                            : plan.healthy ? static_cast<Proof>(1 + decisions_.below(good_proofs))
                                           : static_cast<Proof>(decisions_.below(proof_count));
        const io::StreamId stream = plan.requests.front().expectation.stream;
        add_proof(plan, proof, name_of(directory_, stream), clients_.size(), engine_.wall_now());
        plan.known = !proves_nothing(proof);
    }
    return plan;
}

bool Simulation::must_prove(const LinkSetup& link) const noexcept {
    const bool is_unix = link.transport == io::Transport::unix_socket;
    return world_.passwords && !(is_unix && world_.unix_open);
}

/// What a client may see, from the beginning.
void Simulation::limit_pictures(SimClient& client) const {
    const ClientPlan& plan = client.plan();
    if (must_prove(plan.link) && (revoked_at_ != never || !plan.known)) {
        client.allow_pictures_until(plan.known ? revoked_at_ : Instant::min());
    }
}

void Simulation::schedule_rules_change() {
    engine_.events().after(std::chrono::milliseconds(decisions_.between(1, rules_change_ms_max)),
                           [this] { rules_change_due_ = true; });
}

void Simulation::revoke_access() {
    revoked_at_ = engine_.now();
    for (const auto& client : clients_) {
        if (client->reader().streaming() && client->here()) {
            decisions_.note(FaultKind::rules_replaced);
        }
        limit_pictures(*client);
    }
    relay_->set_access(relay::AccessSettings{sim_rules(true), {}});
}

void Simulation::note_refusals() {
    for (const auto& client : clients_) {
        if (client->reader().last_status() == too_many_requests) {
            const bool late =
                client->reader().last_body().find("being verified") != std::string::npos;
            decisions_.note(late ? FaultKind::login_too_late : FaultKind::too_many_logins);
        }
    }
}

} // namespace ringcast::sim
