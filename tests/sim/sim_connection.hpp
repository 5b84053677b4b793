#pragma once
// One simulated connection: the server's socket, the wire and the client's socket. It moves bytes
// in virtual time and returns the results of a kernel; it knows neither operations nor engines.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"
#include "sim/decisions.hpp"
#include "sim/event_queue.hpp"

namespace ringcast::sim {

/// The path between a client and the server. Sizes in bytes.
struct LinkSetup {
    io::Transport transport = io::Transport::tcp;
    bool local = false;            ///< on this host: zero-copy sends are copied
    bool copies_zero_copy = false; ///< the kernel copies in spite of a remote peer: packet capture
    bool faultless = false;        ///< no error is ever injected, packets are never lost
    std::string address = "192.0.2.1:40000";
    std::string client;           ///< that the server must find behind `address`; empty: nobody
    bool client_disputed = false; ///< it must find that there is somebody, and not know who
    Duration round_trip{};
    std::uint64_t bytes_per_second = 1'000'000'000;
    std::size_t segment_max = 16384;    ///< largest segment
    std::size_t receive_buffer = 65536; ///< of the client's socket
    std::size_t send_buffer = 65536;    ///< of the server's socket: limit of unacknowledged bytes
    std::size_t unsent_max = 16384;     ///< TCP_NOTSENT_LOWAT
    Duration user_timeout = std::chrono::seconds(30); ///< TCP_USER_TIMEOUT
};

class SimConnection;

/// The simulated client's program. Its functions may act on the connection.
class RemoteEnd : private Immovable {
public:
    virtual ~RemoteEnd() = default;

    virtual void on_connected(SimConnection& connection) = 0;
    /// Bytes have arrived; `take` reads them, now or later.
    virtual void on_readable(SimConnection& connection) = 0;
    /// The server has ended the connection; the bytes that `take` still returns are the last ones.
    virtual void on_end(SimConnection& connection) = 0;
    /// The connection was reset; bytes that have arrived can still be taken.
    virtual void on_reset(SimConnection& connection) = 0;
};

/// The engine, as seen by a socket.
class SocketObserver : private Immovable {
public:
    virtual ~SocketObserver() = default;

    /// Bytes, an end or an acknowledgement has arrived, or there is room again. Called only by
    /// events.
    virtual void on_socket_changed(SimConnection& connection) = 0;
    /// The connection is about to break because of its peer.
    virtual void on_reset_coming(SimConnection& connection) = 0;
};

class SimConnection : private Immovable {
public:
    SimConnection(EventQueue& events, Decisions& decisions, SocketObserver& observer,
                  RemoteEnd& remote, LinkSetup setup, std::uint32_t number);
    ~SimConnection() = default;

    [[nodiscard]] const LinkSetup& setup() const noexcept { return setup_; }
    [[nodiscard]] std::uint32_t number() const noexcept { return number_; }

    // --- the server's socket ---

    /// Takes as many of `bytes` as there is room for. `by_reference`: does not copy them; the
    /// memory is read until `released()` has passed them.
    [[nodiscard]] std::size_t put(ConstByteSpan bytes, bool by_reference);
    /// True when a blocked send should be tried again: a kernel does not wake it for single bytes.
    [[nodiscard]] bool writable() const noexcept;
    [[nodiscard]] std::size_t readable_bytes() const noexcept {
        return inbound_arrived_ - inbound_read_;
    }
    [[nodiscard]] bool at_end() const noexcept { return inbound_ended_; }
    [[nodiscard]] std::size_t read(ByteSpan into);
    /// The socket is unusable. Its errno is reported once; from then on sends fail with EPIPE.
    [[nodiscard]] bool broken() const noexcept { return broken_; }
    [[nodiscard]] int take_error() noexcept;
    [[nodiscard]] bool write_shut() const noexcept { return write_shut_; }
    /// The peer has left or the socket is broken, as a poll for a hang-up reports it.
    [[nodiscard]] bool hung_up() const noexcept { return broken_ || inbound_ended_; }

    /// Counts since the beginning of the connection: bytes taken by `put`, bytes acknowledged, and
    /// bytes whose memory is no longer read.
    [[nodiscard]] std::uint64_t put_total() const noexcept { return put_total_; }
    [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }
    [[nodiscard]] std::uint64_t released() const noexcept {
        return dropped_ ? std::numeric_limits<std::uint64_t>::max() : acknowledged_;
    }

    /// The rate of the link from now on.
    void set_rate(std::uint64_t bytes_per_second) noexcept {
        setup_.bytes_per_second = bytes_per_second;
    }
    /// Less than a picture is waiting for the client from now on.
    void shorten_queue() noexcept {
        constexpr std::size_t bytes = 4096;
        setup_.send_buffer = std::min(setup_.send_buffer, bytes);
    }
    /// connect(AF_UNSPEC): drops everything; the client gets a reset.
    void abort();
    /// shutdown(SHUT_RDWR) of a UNIX socket.
    void shut_down();
    void shut_down_writing();
    /// Closes the last descriptor. Bytes taken by `put` are still delivered, unless received bytes
    /// are unread.
    void close();
    /// Breaks the connection with an error of the network.
    void fail(int error);
    /// An operation has failed for a reason that the client can't see, so the server may end the
    /// connection in the middle of a response.
    void note_injured() noexcept { injured_ = true; }
    [[nodiscard]] bool injured() const noexcept { return injured_; }

    // --- the client's end ---

    void connect();
    void client_write(ConstByteSpan bytes);
    [[nodiscard]] std::size_t client_readable() const noexcept { return arrived_ - taken_; }
    /// The next bytes, at most `count`; valid until the next call. Makes room for more.
    [[nodiscard]] ConstByteSpan client_take(std::size_t count);
    /// Shuts down for writing; responses are still read.
    void client_half_close();
    /// Closes. With unread bytes, or when further bytes arrive, the server gets a reset.
    void client_close();
    void client_reset();
    /// Neither acknowledges nor resets from now on.
    void client_vanish();
    [[nodiscard]] bool client_open() const noexcept { return client_open_; }

private:
    struct Piece {
        const std::byte* data = nullptr;
        std::size_t size = 0;
        std::vector<std::byte> owned; ///< empty when by reference
    };

    [[nodiscard]] std::size_t room() const noexcept;
    [[nodiscard]] bool unix_socket() const noexcept {
        return setup_.transport == io::Transport::unix_socket;
    }
    void schedule_pump(Instant when);
    void pump();
    void copy_to_wire(std::size_t count);
    void on_arrival(std::size_t count);
    void acknowledge(std::size_t count);
    void deliver_end();
    void on_client_bytes(std::size_t count);
    void reset_server(int error);
    void reset_client();
    void drop_outgoing();
    void watch_user_timeout();

    EventQueue& events_;
    Decisions& decisions_;
    SocketObserver& observer_;
    RemoteEnd& remote_;
    LinkSetup setup_;
    std::uint32_t number_;

    // server to client; totals since the beginning
    std::deque<Piece> pieces_;       ///< taken by `put` and not acknowledged
    std::uint64_t pieces_begin_ = 0; ///< position of the first byte of `pieces_`
    std::size_t unsent_piece_ = 0;   ///< the first piece that is not completely on the wire
    std::size_t unsent_offset_ = 0;  ///< bytes of that piece on the wire
    std::uint64_t put_total_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::vector<std::byte> wire_; ///< sent and not taken
    std::size_t wire_head_ = 0;
    std::uint64_t arrived_ = 0;
    std::uint64_t taken_ = 0;
    Instant link_free_at_{};
    Instant last_acknowledged_at_{};
    bool pump_scheduled_ = false;
    bool timeout_watched_ = false;
    bool end_sent_ = false;

    // client to server
    std::vector<std::byte> inbound_;
    std::size_t inbound_arrived_ = 0;
    std::size_t inbound_read_ = 0;
    Instant inbound_free_at_{};
    bool inbound_ended_ = false;

    bool broken_ = false;
    int error_ = 0; ///< reported once
    bool dropped_ = false;
    bool write_shut_ = false;
    bool closed_ = false;
    bool client_open_ = true;
    bool client_writing_ = true;
    bool client_told_reset_ = false;
    bool vanished_ = false;
    bool injured_ = false;
};

} // namespace ringcast::sim
