#include "sim/sim_client.hpp"

#include <algorithm>
#include <utility>

namespace ringcast::sim {

SimClient::SimClient(EventQueue& events, Decisions& decisions, const FrameLog& log, ClientPlan plan)
    : events_(events), decisions_(decisions), plan_(std::move(plan)), reader_(log) {}

void SimClient::on_connected(SimConnection& connection) {
    connection_ = &connection;
    connected_at_ = events_.now();
    if (plan_.departure != Departure::never) {
        events_.after(plan_.departs_after, [this] { leave(plan_.departure); });
    }
    if (plan_.link_recovers_after > Duration::zero()) {
        constexpr std::uint64_t enough = 100'000'000;
        events_.after(plan_.link_recovers_after, [this] { set_link_rate(enough); });
    }
    outgoing_ = plan_.proxy_header;
    write_on();
    write_request();
}

// --- writing ---

void SimClient::write_request() {
    if (next_request_ == plan_.requests.size() && plan_.repeats) {
        next_request_ = 0;
    }
    if (next_request_ == plan_.requests.size() || !here_) {
        return;
    }
    const ClientRequest& request = plan_.requests[next_request_++];
    events_.after(request.pause, [this, &request] {
        outgoing_ += request.text;
        Expectation expectation = request.expectation;
        expectation.asked_at = events_.now();
        reader_.expect(expectation);
        write_on();
    });
    if (plan_.pipelines && next_request_ < plan_.requests.size()) {
        write_request();
    }
}

void SimClient::write_on() {
    if (!here_ || written_ == outgoing_.size()) {
        return;
    }
    const std::size_t rest = outgoing_.size() - written_;
    std::size_t count = plan_.dribble_bytes == 0 ? rest : std::min(rest, plan_.dribble_bytes);
    const bool before_cut = written_ < plan_.proxy_header_cut;
    if (before_cut) {
        count = std::min(count, plan_.proxy_header_cut - written_);
    }
    connection_->client_write(as_bytes(std::string_view(outgoing_).substr(written_, count)));
    written_ += count;
    if (written_ < outgoing_.size()) {
        if (written_ < plan_.proxy_header.size()) {
            decisions_.note(FaultKind::proxy_header_split);
        }
        const Duration pause = before_cut ? plan_.proxy_header_pause : plan_.dribble_pause;
        events_.after(pause, [this] { write_on(); });
    }
}

// --- reading ---

void SimClient::on_readable(SimConnection& connection) {
    connection_ = &connection;
    if (!here_ || reading_ || read_total_ >= plan_.read_total_max) {
        return;
    }
    if (plan_.read_bytes == 0) {
        read_on();
        return;
    }
    reading_ = true;
    events_.after(plan_.read_pause, [this] { read_on(); });
}

void SimClient::read_on() {
    reading_ = false;
    if (!here_) {
        return;
    }
    const std::size_t available = connection_->client_readable();
    const std::size_t count =
        plan_.read_bytes == 0 ? available : std::min(available, plan_.read_bytes);
    const ConstByteSpan bytes = connection_->client_take(count);
    read_total_ += bytes.size();
    reader_.consume(bytes, events_.now());
    after_reading();
    if (connection_->client_readable() > 0) {
        on_readable(*connection_);
    } else if (ending_) {
        on_end(*connection_);
    }
}

void SimClient::note_proxy_fault() {
    if (const auto fault = std::exchange(plan_.proxy_fault, std::nullopt)) {
        decisions_.note(*fault);
    }
}

void SimClient::after_reading() {
    if (reader_.responses() > 0) {
        note_proxy_fault();
    }
    if (reader_.responses() > answered_ && !reader_.streaming() && !reader_.closing() &&
        reader_.may_end_here()) {
        answered_ = reader_.responses();
        if (!plan_.pipelines) {
            write_request();
        }
    }
}

void SimClient::on_end(SimConnection& connection) {
    ending_ = true;
    if (!here_ || connection.client_readable() > 0) {
        return; // the remaining bytes must be read first
    }
    // A shutdown of a UNIX socket looks the same whether the server had finished or gave up.
    if (plan_.link.transport == io::Transport::tcp && !connection.injured() &&
        !reader_.may_end_here() && error().empty()) {
        error_ = "the connection ended in order, in the middle: " + reader_.whereabouts();
    }
    here_ = false;
    if (plan_.requests.empty()) {
        note_proxy_fault();
    }
    connection.client_close();
}

void SimClient::on_reset(SimConnection&) {
    here_ = false;
    was_reset_ = true;
    if (plan_.requests.empty()) {
        note_proxy_fault();
    }
}

void SimClient::leave(Departure how) {
    if (!here_ || connection_ == nullptr) {
        return;
    }
    switch (how) {
    case Departure::never:
        return;
    case Departure::close:
        decisions_.note(FaultKind::peer_closed);
        here_ = false;
        connection_->client_close();
        return;
    case Departure::reset:
        here_ = false;
        connection_->client_reset();
        return;
    case Departure::half_close:
        decisions_.note(FaultKind::peer_half_closed);
        connection_->client_half_close();
        return;
    case Departure::vanish:
        decisions_.note(FaultKind::peer_vanished);
        here_ = false;
        connection_->client_vanish();
        return;
    }
}

} // namespace ringcast::sim
