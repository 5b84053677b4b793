#pragma once
// The seam to the kernel: an engine of operations and completions. The network server above it runs
// unchanged on io_uring, on epoll and on the simulation. Nothing here may know liburing.
//
// The calls below prepare operations, which `submit_and_reap` submits; an engine may also do them at
// once. Completions are returned by `submit_and_reap` only. Memory and descriptors named in an
// operation must stay valid until its last completion. Only the thread that owns the
// engine may call it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "io/token.hpp"

namespace ringcast::io {

/// One completion of an operation.
///
/// A zero-copy send has two: its result (`more` is set exactly when a notification follows, which
/// is possible after an error too) and its notification (`notification` set, `more` unset), which
/// means that the kernel has released the pages. They may arrive in any order relative to those of
/// other sends.
struct Completion {
    OpToken token;
    std::int32_t result = 0;   ///< bytes, descriptor, or poll events; negative: -errno
    bool more = false;         ///< another completion with this token follows
    bool notification = false; ///< the kernel has released the pages of a zero-copy send
    bool copied = false;       ///< only in notifications: the kernel copied the data
};

struct BufferTag;
/// An entry of the engine's table of fixed buffers.
using BufferId = StrongId<BufferTag, std::uint16_t>;

enum class Transport : std::uint8_t { tcp, unix_socket };

/// A peer as described at accept. The address is text, so that no module above needs sockaddr.
struct Peer {
    Transport transport = Transport::tcp;
    /// True exactly when the peer runs on this host: loopback, a UNIX socket, or one of this host's
    /// own addresses. The kernel copies zero-copy sends to such peers.
    bool local = false;
    /// Equal exactly for peers that count as one address: the same IPv4 address, also IPv4-mapped;
    /// the same /64 of IPv6, because one host has all addresses of a /64; all UNIX sockets.
    std::uint64_t network = 0;
    std::array<char, 64> address{}; ///< zero-terminated: "192.0.2.7:51234", "[::1]:51234", "unix"
};

/// Where a socket can be connected to: a sockaddr. Filled in by a resolver (io/resolver.hpp) and read
/// by the engine; what is in it is the system's affair.
struct SocketAddress {
    std::array<std::byte, 128> bytes{};
    std::uint32_t length = 0; ///< of `bytes` in use
    Transport transport = Transport::tcp;
};

/// How much of a socket's data has arrived at the peer, and how fast. `known` is false where the kernel
/// can't tell (UNIX sockets, a dead connection).
struct SocketProgress {
    bool known = false;
    /// True exactly when `delivery_rate` was measured while the connection had too little to send: the
    /// path can carry at least so much.
    bool app_limited = false;
    std::uint64_t bytes_acked = 0; ///< payload bytes that the peer's kernel has acknowledged
    /// Bytes in the socket that are not acknowledged: those in flight, and those not sent yet.
    std::uint64_t bytes_pending = 0;
    /// Bytes per second, as the kernel measured it last; 0 before the first measurement. While
    /// `app_limited`, only a higher one replaces it (Linux 4.9, tcp_rate.c).
    std::uint64_t delivery_rate = 0;
    Duration rtt{};     ///< smoothed round trip time, queues on the path included; zero: unknown
    Duration rtt_min{}; ///< the shortest one of the last 5 minutes (net.ipv4.tcp_min_rtt_wlen)
};

struct SendOptions {
    /// The kernel completes a partial send itself, with one result. Must be false for UNIX sockets,
    /// where partial results are the only sign of progress.
    bool wait_all = true;
    /// Another send follows at once, so the kernel holds a partial segment back (MSG_MORE). Only
    /// for a response head that is followed by its body.
    bool more_follows = false;
};

enum class PollEvents : std::uint8_t {
    readable, ///< POLLIN, for a pidfd or a listening socket
    hangup,   ///< POLLRDHUP, POLLHUP, POLLERR: the peer has closed
};

class Engine : private Immovable {
public:
    virtual ~Engine() = default;

    /// Both clocks are read at the end of `submit_and_reap`, and by `read_clocks`.
    [[nodiscard]] virtual Instant now() const noexcept = 0;
    [[nodiscard]] virtual WallTime wall_now() const noexcept = 0;
    /// For work that may take long: before and after it.
    virtual void read_clocks() noexcept = 0;

    // --- operations ---

    /// Accepts one connection: the result is its descriptor, which is closed by `close`. Several
    /// accepts on one listener may be under way. After an error the caller waits when descriptors or
    /// memory have run out.
    virtual void accept(OpToken token, int listener) noexcept = 0;
    /// Completes with the bytes that are available, at most `into.size()`.
    virtual void receive(OpToken token, int socket, ByteSpan into) noexcept = 0;
    /// Completes with all of `into.size()` bytes, or with fewer when the peer has ended or the
    /// connection broke before them.
    virtual void receive_all(OpToken token, int socket, ByteSpan into) noexcept = 0;
    /// Connects a socket of `open_socket`. `address` stays valid until the completion.
    virtual void connect(OpToken token, int socket, const SocketAddress& address) noexcept = 0;
    /// Reads at the current position. For pipes, eventfds and inotify.
    virtual void read(OpToken token, int fd, ByteSpan into) noexcept = 0;
    virtual void send(OpToken token, int socket, ConstByteSpan bytes,
                      SendOptions options) noexcept = 0;
    /// `bytes` lies inside the fixed buffer `buffer`. TCP only.
    virtual void send_zero_copy(OpToken token, int socket, ConstByteSpan bytes, BufferId buffer,
                                SendOptions options) noexcept = 0;
    /// Completes once, when any of the events occurs.
    virtual void poll(OpToken token, int fd, PollEvents events) noexcept = 0;
    /// Ends every operation on the socket, and discards data that the kernel has accepted and not
    /// yet sent: connect(AF_UNSPEC) for TCP, shutdown(SHUT_RDWR) for UNIX sockets. Its own
    /// completion may arrive before those of the operations that it ends.
    virtual void abort(OpToken token, int socket, Transport transport) noexcept = 0;
    virtual void shutdown_writing(OpToken token, int socket) noexcept = 0;
    virtual void close(OpToken token, int fd) noexcept = 0;
    /// Ends one operation (a poll, a read, an accept, a connect, a receive, a send by copy), whose
    /// result is then -ECANCELED, or the bytes so far. The cancel itself completes with `token`.
    virtual void cancel(OpToken token, OpToken target) noexcept = 0;

    // --- queries, answered at once ---

    /// A new socket that can be connected to `address`, and is closed by `close`; small writes are
    /// sent at once. Negative: -errno.
    [[nodiscard]] virtual int open_socket(const SocketAddress& address) noexcept = 0;
    [[nodiscard]] virtual Peer describe_peer(int socket) noexcept = 0;
    /// From now on the kernel keeps little of what is sent for the peer of this UNIX socket to read: less
    /// than a picture.
    virtual void shorten_queue(int socket) noexcept = 0;
    [[nodiscard]] virtual SocketProgress socket_progress(int socket,
                                                         Transport transport) noexcept = 0;

    // --- memory ---

    /// Registers `memory` as a fixed buffer until it is released or the engine is destroyed. After
    /// the release, one completion with token `released` and result 0 arrives when the kernel no
    /// longer uses the memory; a token of OpKind::none asks for no completion. The error says which
    /// limit was reached and what to do.
    [[nodiscard]] virtual Result<BufferId> register_buffer(ByteSpan memory, OpToken released) = 0;
    /// The caller prepares no more sends from `buffer`, and none waits to be submitted; sends in
    /// flight go on. The memory must stay mapped until the completion arrives, which may take a
    /// second (Linux 6.1 collects releases) or until earlier sends from other buffers have finished
    /// (kernels up to 6.12 release in order). The table's entry is free for the next buffer at
    /// once.
    virtual void release_buffer(BufferId buffer) noexcept = 0;
    /// True when zero-copy sends can be used and report whether the kernel copied.
    [[nodiscard]] virtual bool zero_copy_supported() const noexcept = 0;
    /// The smallest size in bytes from which a zero-copy send is cheaper than copying.
    [[nodiscard]] virtual std::size_t zero_copy_bytes_min() const noexcept = 0;

    // --- the loop ---

    /// Submits the prepared operations, waits for at least one completion or until `wake_at` (does
    /// not wait when that has passed), and copies completions out, at most `completions.size()`.
    /// Returns how many. `expected` is how many completions are likely to arrive in quick
    /// succession: the engine may wait a short, bounded time to gather them. A completion that
    /// arrives after that time is returned at once.
    [[nodiscard]] virtual std::size_t submit_and_reap(std::span<Completion> completions,
                                                      Instant wake_at,
                                                      std::size_t expected) noexcept = 0;

    /// System calls that the loop has made to submit operations and to wait. Monotonic.
    [[nodiscard]] virtual std::uint64_t system_calls() const noexcept = 0;
};

/// POLLERR | POLLHUP in the result of a hang-up poll: the connection is broken, or closed in both
/// directions. Without these the peer only sends no more (POLLRDHUP).
inline constexpr std::int32_t poll_broken = 0x8 | 0x10;

} // namespace ringcast::io
