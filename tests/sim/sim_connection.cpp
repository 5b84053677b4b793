#include "sim/sim_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::sim {

namespace {

// Linux's smallest retransmission time-out.
constexpr Duration retransmission_timeout = std::chrono::milliseconds(200);

// Consumed bytes of the wire's memory until the remaining ones are moved to the front.
constexpr std::size_t wire_slack_max = 65536;

} // namespace

SimConnection::SimConnection(EventQueue& events, Decisions& decisions, SocketObserver& observer,
                             RemoteEnd& remote, LinkSetup setup, std::uint32_t number)
    : events_(events), decisions_(decisions), observer_(observer), remote_(remote),
      setup_(std::move(setup)), number_(number), link_free_at_(events.now()),
      last_acknowledged_at_(events.now()), inbound_free_at_(events.now()) {}

// --- the server's socket ---

std::size_t SimConnection::room() const noexcept {
    const std::uint64_t unacknowledged = put_total_ - acknowledged_;
    const std::uint64_t unsent = put_total_ - sent_;
    if (unacknowledged >= setup_.send_buffer || (!unix_socket() && unsent >= setup_.unsent_max)) {
        return 0;
    }
    const std::uint64_t buffer_room = setup_.send_buffer - unacknowledged;
    return unix_socket() ? buffer_room : std::min(buffer_room, setup_.unsent_max - unsent);
}

std::size_t SimConnection::put(ConstByteSpan bytes, bool by_reference) {
    RINGCAST_ASSERT(!broken_ && !write_shut_ && !closed_);
    const std::size_t count = std::min(bytes.size(), room());
    if (count == 0) {
        return 0;
    }
    Piece piece;
    piece.size = count;
    if (by_reference) {
        piece.data = bytes.data();
    } else {
        piece.owned.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (put_total_ == acknowledged_) {
        last_acknowledged_at_ = events_.now();
    }
    pieces_.push_back(std::move(piece));
    put_total_ += count;
    schedule_pump(events_.now());
    watch_user_timeout();
    return count;
}

bool SimConnection::writable() const noexcept {
    const std::uint64_t unacknowledged = put_total_ - acknowledged_;
    return room() > 0 && unacknowledged * 3 <= setup_.send_buffer * 2;
}

std::size_t SimConnection::read(ByteSpan into) {
    const std::size_t count = std::min(into.size(), readable_bytes());
    if (count > 0) {
        std::memcpy(into.data(), inbound_.data() + inbound_read_, count);
    }
    inbound_read_ += count;
    return count;
}

int SimConnection::take_error() noexcept {
    return std::exchange(error_, 0);
}

void SimConnection::abort() {
    if (!broken_) {
        broken_ = true;
        reset_client();
    }
    inbound_read_ = inbound_arrived_;
    drop_outgoing();
}

void SimConnection::shut_down() {
    write_shut_ = true;
    inbound_ended_ = true;
    inbound_read_ = inbound_arrived_;
    client_writing_ = false;
    schedule_pump(events_.now());
}

void SimConnection::shut_down_writing() {
    write_shut_ = true;
    schedule_pump(events_.now());
}

void SimConnection::close() {
    closed_ = true;
    if (broken_) {
        drop_outgoing();
        return;
    }
    if (readable_bytes() > 0) {
        decisions_.note(FaultKind::close_ate_the_answer);
        broken_ = true;
        reset_client();
        drop_outgoing();
        return;
    }
    write_shut_ = true;
    schedule_pump(events_.now());
}

void SimConnection::fail(int error) {
    if (broken_) {
        return;
    }
    broken_ = true;
    error_ = error;
    inbound_ended_ = true;
    drop_outgoing();
    reset_client();
}

void SimConnection::drop_outgoing() {
    dropped_ = true;
    pieces_.clear();
    unsent_piece_ = 0;
    unsent_offset_ = 0;
    // Bytes on the wire that have not arrived are lost.
    wire_.resize(wire_head_ + client_readable());
    sent_ = arrived_;
}

// --- the wire ---

void SimConnection::schedule_pump(Instant when) {
    if (pump_scheduled_ || dropped_) {
        return;
    }
    pump_scheduled_ = true;
    events_.at(when, [this] { pump(); });
}

void SimConnection::pump() {
    pump_scheduled_ = false;
    if (dropped_ || vanished_) {
        return;
    }
    // A UNIX socket has no window, and a client that has closed no longer limits it.
    const bool windowed = !unix_socket() && client_open_;
    bool moved = false;
    while (sent_ < put_total_) {
        const std::uint64_t outstanding = sent_ - taken_;
        if (windowed && outstanding >= setup_.receive_buffer) {
            break; // the client's next `take` opens the window
        }
        if (link_free_at_ > events_.now()) {
            schedule_pump(link_free_at_);
            break;
        }
        if (!unix_socket() && !setup_.faultless && decisions_.choose(FaultKind::link_stalled)) {
            link_free_at_ = events_.now() + retransmission_timeout;
            continue;
        }
        std::size_t count = std::min<std::uint64_t>(put_total_ - sent_, setup_.segment_max);
        if (windowed) {
            count = std::min<std::size_t>(count, setup_.receive_buffer - outstanding);
        }
        copy_to_wire(count);
        moved = true;
        const Duration serialisation{count * 1'000'000'000U / setup_.bytes_per_second};
        link_free_at_ = events_.now() + (unix_socket() ? Duration{} : serialisation);
        events_.at(link_free_at_ + setup_.round_trip / 2, [this, count] { on_arrival(count); });
    }
    if (write_shut_ && sent_ == put_total_ && !end_sent_) {
        end_sent_ = true;
        events_.at(std::max(link_free_at_, events_.now()) + setup_.round_trip / 2,
                   [this] { deliver_end(); });
    }
    if (moved) {
        observer_.on_socket_changed(*this);
    }
}

void SimConnection::copy_to_wire(std::size_t count) {
    sent_ += count;
    while (count > 0) {
        const Piece& piece = pieces_[unsent_piece_];
        const std::byte* data = piece.owned.empty() ? piece.data : piece.owned.data();
        const std::size_t step = std::min(count, piece.size - unsent_offset_);
        wire_.insert(wire_.end(), data + unsent_offset_, data + unsent_offset_ + step);
        unsent_offset_ += step;
        count -= step;
        if (unsent_offset_ == piece.size) {
            ++unsent_piece_;
            unsent_offset_ = 0;
        }
    }
}

void SimConnection::on_arrival(std::size_t count) {
    if (dropped_ || vanished_) {
        return;
    }
    if (!client_open_) {
        // The client has closed: data is answered with a reset.
        events_.after(setup_.round_trip / 2, [this] { reset_server(ECONNRESET); });
        return;
    }
    arrived_ += count;
    if (!unix_socket()) {
        events_.after(setup_.round_trip / 2, [this, count] { acknowledge(count); });
    }
    remote_.on_readable(*this);
}

void SimConnection::acknowledge(std::size_t count) {
    if (dropped_) {
        return;
    }
    acknowledged_ += count;
    last_acknowledged_at_ = events_.now();
    while (!pieces_.empty() && pieces_begin_ + pieces_.front().size <= acknowledged_) {
        pieces_begin_ += pieces_.front().size;
        pieces_.pop_front();
        --unsent_piece_;
    }
    observer_.on_socket_changed(*this);
}

void SimConnection::deliver_end() {
    if (!dropped_ && !vanished_ && client_open_) {
        remote_.on_end(*this);
    }
}

void SimConnection::watch_user_timeout() {
    if (timeout_watched_ || unix_socket() || dropped_) {
        return;
    }
    timeout_watched_ = true;
    events_.at(last_acknowledged_at_ + setup_.user_timeout, [this] {
        timeout_watched_ = false;
        if (dropped_ || put_total_ == acknowledged_) {
            return;
        }
        if (events_.now() - last_acknowledged_at_ >= setup_.user_timeout) {
            reset_server(ETIMEDOUT);
            return;
        }
        watch_user_timeout();
    });
}

void SimConnection::reset_server(int error) {
    if (broken_) {
        return;
    }
    observer_.on_reset_coming(*this);
    broken_ = true;
    error_ = error;
    inbound_ended_ = true;
    drop_outgoing();
    reset_client();
    observer_.on_socket_changed(*this);
}

void SimConnection::reset_client() {
    if (!client_open_ || client_told_reset_ || vanished_) {
        return;
    }
    client_told_reset_ = true;
    events_.after(setup_.round_trip / 2, [this] {
        if (client_open_) {
            remote_.on_reset(*this);
        }
    });
}

// --- the client's end ---

void SimConnection::connect() {
    events_.after(setup_.round_trip, [this] {
        if (client_open_) {
            remote_.on_connected(*this);
        }
    });
}

void SimConnection::client_write(ConstByteSpan bytes) {
    if (!client_open_ || !client_writing_ || vanished_ || bytes.empty()) {
        return;
    }
    inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
    const std::size_t count = bytes.size();
    inbound_free_at_ = std::max(inbound_free_at_, events_.now());
    events_.at(inbound_free_at_ + setup_.round_trip / 2, [this, count] { on_client_bytes(count); });
}

void SimConnection::on_client_bytes(std::size_t count) {
    inbound_arrived_ += count;
    if (broken_) {
        inbound_read_ = inbound_arrived_;
        return;
    }
    if (closed_) {
        // Data for a socket that the server has closed: the client gets a reset, and loses the
        // bytes that have not arrived yet.
        decisions_.note(FaultKind::close_ate_the_answer);
        broken_ = true;
        drop_outgoing();
        reset_client();
        observer_.on_socket_changed(*this);
        return;
    }
    observer_.on_socket_changed(*this);
}

ConstByteSpan SimConnection::client_take(std::size_t count) {
    count = std::min(count, client_readable());
    if (wire_head_ == wire_.size()) {
        wire_.clear();
        wire_head_ = 0;
    } else if (wire_head_ > wire_slack_max) {
        wire_.erase(wire_.begin(), wire_.begin() + static_cast<std::ptrdiff_t>(wire_head_));
        wire_head_ = 0;
    }
    const ConstByteSpan taken{wire_.data() + wire_head_, count};
    wire_head_ += count;
    taken_ += count;
    if (count == 0 || vanished_ || dropped_) {
        return taken;
    }
    if (unix_socket()) {
        events_.after(Duration{}, [this, count] { acknowledge(count); });
    } else {
        schedule_pump(events_.now() + setup_.round_trip / 2);
    }
    return taken;
}

void SimConnection::client_half_close() {
    if (!client_open_ || !client_writing_ || vanished_) {
        return;
    }
    client_writing_ = false;
    events_.at(inbound_free_at_ + setup_.round_trip / 2, [this] {
        if (!broken_ && !inbound_ended_) {
            inbound_ended_ = true;
            observer_.on_socket_changed(*this);
        }
    });
}

void SimConnection::client_close() {
    if (!client_open_) {
        return;
    }
    if (client_readable() > 0 && !unix_socket()) {
        client_reset();
        return;
    }
    client_half_close();
    client_open_ = false;
    if (unix_socket() && !vanished_) {
        // A UNIX socket breaks at once. With unread bytes, the server gets a reset.
        const int error = client_readable() > 0 ? ECONNRESET : 0;
        events_.after(Duration{}, [this, error] { reset_server(error); });
    }
}

void SimConnection::client_reset() {
    if (!client_open_) {
        return;
    }
    client_open_ = false;
    client_writing_ = false;
    if (!vanished_) {
        events_.after(setup_.round_trip / 2, [this] { reset_server(ECONNRESET); });
    }
}

void SimConnection::client_vanish() {
    vanished_ = true;
}

} // namespace ringcast::sim
