#pragma once
// The seam to the kernel: operations and their completions. The network server above it runs
// unchanged on io_uring and on the simulation. Nothing here may know liburing.
//
// Operations are only prepared by the calls below; `submit_and_reap` hands them over. Memory and
// descriptors named in an operation stay valid until its last completion. All calls are made by
// the one thread that owns the engine.

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

/// One answer of the kernel.
///
/// A zero-copy send has two: its result (`more` when, and only when, a notification follows; errors
/// may carry it too) and its notification (`notification` set, `more` unset), which means that the
/// pages are free. They may come in any order relative to those of other sends.
/// A multishot accept answers with `more` set for as long as it stays armed.
struct Completion {
    OpToken token;
    std::int32_t result = 0;   ///< bytes, descriptor, or poll events; negative: -errno
    bool more = false;         ///< another completion with this token follows
    bool notification = false; ///< the pages of a zero-copy send are free
    bool copied = false;       ///< only in notifications: the kernel copied instead
};

struct BufferTag;
/// An entry of the engine's table of fixed buffers.
using BufferId = StrongId<BufferTag, std::uint16_t>;

enum class Transport : std::uint8_t { tcp, unix_socket };

/// What is known of a peer at accept. Text, so that nobody above needs socket addresses.
struct Peer {
    Transport transport = Transport::tcp;
    /// True exactly when the peer runs on this host: loopback, a UNIX socket, or one of our own
    /// addresses. The kernel copies zero-copy sends to these.
    bool local = false;
    std::array<char, 64> address{}; ///< zero-terminated: "192.0.2.7:51234", "[::1]:51234", "unix"
};

/// How far a socket's data has come, as its kernel knows. `known` is false where it can't be asked
/// (UNIX sockets, a dead connection).
struct SocketProgress {
    bool known = false;
    std::uint64_t bytes_acked = 0; ///< payload bytes that the peer's kernel has acknowledged
};

struct SendOptions {
    /// The kernel finishes a partial send itself: one result. Never for UNIX sockets, where each
    /// partial result is the only sign of progress.
    bool wait_all = true;
    /// More follows at once: hold a partial segment back. Only for a head followed by its body.
    bool more_follows = false;
};

enum class PollEvents : std::uint8_t {
    readable, ///< POLLIN: a pidfd, a listening socket
    hangup,   ///< POLLRDHUP, POLLHUP, POLLERR: the peer left
};

class Engine : private Immovable {
public:
    virtual ~Engine() = default;

    /// Both clocks as of the last `submit_and_reap`: one reading per turn of the loop.
    [[nodiscard]] virtual Instant now() const noexcept = 0;
    [[nodiscard]] virtual WallTime wall_now() const noexcept = 0;

    // --- operations ---

    /// Multishot: each completion's result is a connected descriptor. Ends (no `more`) on errors;
    /// the caller re-arms, not at once when descriptors or memory have run out.
    virtual void accept(OpToken token, int listener) noexcept = 0;
    virtual void receive(OpToken token, int socket, ByteSpan into) noexcept = 0;
    /// For pipes, eventfds and inotify; at the current position.
    virtual void read(OpToken token, int fd, ByteSpan into) noexcept = 0;
    virtual void send(OpToken token, int socket, ConstByteSpan bytes,
                      SendOptions options) noexcept = 0;
    /// `bytes` lies inside the fixed buffer `buffer`. TCP only.
    virtual void send_zero_copy(OpToken token, int socket, ConstByteSpan bytes, BufferId buffer,
                                SendOptions options) noexcept = 0;
    /// One answer, when any of the events is there.
    virtual void poll(OpToken token, int fd, PollEvents events) noexcept = 0;
    /// Ends everything under way on the socket, also what the kernel has accepted and not yet sent:
    /// connect(AF_UNSPEC) for TCP, shutdown(SHUT_RDWR) for UNIX sockets. Its own completion may
    /// come before those of the operations that it ends.
    virtual void abort(OpToken token, int socket, Transport transport) noexcept = 0;
    virtual void shutdown_writing(OpToken token, int socket) noexcept = 0;
    virtual void close(OpToken token, int fd) noexcept = 0;
    /// Ends one operation (a poll, a read, an accept); that one answers -ECANCELED. The cancel's
    /// own answer comes under `token`.
    virtual void cancel(OpToken token, OpToken target) noexcept = 0;

    // --- questions, answered at once ---

    [[nodiscard]] virtual Peer describe_peer(int socket) noexcept = 0;
    [[nodiscard]] virtual SocketProgress socket_progress(int socket,
                                                         Transport transport) noexcept = 0;

    // --- memory ---

    /// Makes `memory` a fixed buffer, for as long as the engine lives or until it is released. Then
    /// one completion comes under `released`, with result 0, when the kernel has let go of it; none
    /// comes under a token of OpKind::none. The error says which limit is in the way and what to
    /// do.
    [[nodiscard]] virtual Result<BufferId> register_buffer(ByteSpan memory, OpToken released) = 0;
    /// No send from `buffer` is prepared any more, and none waits to be submitted; those under way
    /// go on. Its memory stays mapped until the completion comes, which may take a second (Linux
    /// 6.1 collects) or until earlier sends from other buffers are over (up to 6.12 it keeps their
    /// order). The entry is free for the next buffer at once.
    virtual void release_buffer(BufferId buffer) noexcept = 0;
    /// True when zero-copy sends can be used and report whether the kernel copied.
    [[nodiscard]] virtual bool zero_copy_supported() const noexcept = 0;
    /// The smallest span for which a zero-copy send is the cheaper way on this kernel, bytes.
    [[nodiscard]] virtual std::size_t zero_copy_bytes_min() const noexcept = 0;

    // --- the loop ---

    /// Submits what was prepared, waits until there is at least one completion or `wake_at` has
    /// passed (not at all when it is in the past), and copies completions out, at most
    /// `completions.size()`. Returns how many. `expected` is how many completions are likely to
    /// come in quick succession: the engine may gather them, for a bounded moment that a lone
    /// completion after a quiet spell never has to wait.
    [[nodiscard]] virtual std::size_t submit_and_reap(std::span<Completion> completions,
                                                      Instant wake_at,
                                                      std::size_t expected) noexcept = 0;
};

} // namespace ringcast::io
