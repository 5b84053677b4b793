#pragma once
// io::Engine on epoll, for machines where io_uring is refused. An operation is done when it is
// prepared, if its descriptor is ready, and else when epoll reports that it is. Completions wait in
// a queue for the next `submit_and_reap`. Sends copy, and no memory is registered. Knows nothing of
// frames, viewers or HTTP.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <sys/epoll.h>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "epoll/operation.hpp"
#include "epoll/pending_operations.hpp"
#include "io/engine.hpp"
#include "io/token.hpp"

namespace ringcast::epoll {

struct EpollSettings {
    /// Operations that have not completed, and completions that have not been returned. Eight per
    /// connection: receive, reply or part, hang-up poll, two cancels, abort, shutdown and close.
    std::size_t operations_max = 16384;
};

/// The engine of one loop. Allocates nothing after `create`, except when a descriptor has a higher
/// number than all before it, and for the errors of `register_buffer`.
///
/// A socket of `accept` or `open_socket` is watched from its first operation that has to wait until
/// `close`: epoll is told once for each connection. Others are watched only while an operation
/// waits, because their owner closes them without telling the engine.
class EpollEngine final : public io::Engine {
public:
    /// The error is one line that says what to do.
    [[nodiscard]] static Result<std::unique_ptr<EpollEngine>> create(EpollSettings settings);

    /// Public only for `create`.
    EpollEngine(UniqueFd epoll, EpollSettings settings);
    EpollEngine(EpollEngine&&) = delete;
    EpollEngine& operator=(EpollEngine&&) = delete;
    EpollEngine(const EpollEngine&) = delete;
    EpollEngine& operator=(const EpollEngine&) = delete;
    ~EpollEngine() override;

    [[nodiscard]] Instant now() const noexcept override { return now_; }
    [[nodiscard]] WallTime wall_now() const noexcept override { return wall_now_; }
    void read_clocks() noexcept override;

    void accept(io::OpToken token, int listener) noexcept override;
    void receive(io::OpToken token, int socket, ByteSpan into) noexcept override;
    void receive_all(io::OpToken token, int socket, ByteSpan into) noexcept override;
    void connect(io::OpToken token, int socket, const io::SocketAddress& address) noexcept override;
    void read(io::OpToken token, int fd, ByteSpan into) noexcept override;
    void send(io::OpToken token, int socket, ConstByteSpan bytes,
              io::SendOptions options) noexcept override;
    /// Never called, because there are no fixed buffers.
    void send_zero_copy(io::OpToken token, int socket, ConstByteSpan bytes, io::BufferId buffer,
                        io::SendOptions options) noexcept override;
    void poll(io::OpToken token, int fd, io::PollEvents events) noexcept override;
    void abort(io::OpToken token, int socket, io::Transport transport) noexcept override;
    void shutdown_writing(io::OpToken token, int socket) noexcept override;
    /// Ends the operations of the descriptor that have not completed like `cancel`.
    void close(io::OpToken token, int fd) noexcept override;
    void cancel(io::OpToken token, io::OpToken target) noexcept override;

    [[nodiscard]] int open_socket(const io::SocketAddress& address) noexcept override;
    [[nodiscard]] io::Peer describe_peer(int socket) noexcept override;
    void shorten_queue(int socket) noexcept override;
    [[nodiscard]] io::SocketProgress socket_progress(int socket,
                                                     io::Transport transport) noexcept override;

    /// Always fails: only io_uring has fixed buffers.
    [[nodiscard]] Result<io::BufferId> register_buffer(ByteSpan memory,
                                                       io::OpToken released) override;
    /// Never called, because there are no fixed buffers.
    void release_buffer(io::BufferId buffer) noexcept override;
    [[nodiscard]] bool zero_copy_supported() const noexcept override { return false; }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override {
        return std::numeric_limits<std::size_t>::max();
    }

    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion> completions,
                                              Instant wake_at,
                                              std::size_t expected) noexcept override;

    /// Attempts of operations, and calls to wait and to be told of events.
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return system_calls_; }

private:
    /// At most this many descriptors are served in one turn, each by at most one send: the reason
    /// is that of the relay's batches.
    static constexpr std::size_t events_per_wait = 64;

    /// Does the operation, or lets it wait.
    void start(Operation operation) noexcept;
    [[nodiscard]] std::optional<std::int32_t> try_now(Operation& operation) noexcept;
    void let_wait(Operation& operation) noexcept;
    /// Tells epoll to report events of the descriptor. Returns 0 or an errno.
    [[nodiscard]] int watch(int fd, bool until_closed) noexcept;
    void complete(io::OpToken token, std::int32_t result) noexcept;
    void end(PendingOperations::Index index, std::int32_t result) noexcept;

    /// Waits for events until `wake_at`, and does what they make possible.
    void wait_for_events(Instant wake_at) noexcept;
    void handle_event(int fd, std::uint32_t events) noexcept;
    [[nodiscard]] std::size_t copy_out(std::span<io::Completion> completions) noexcept;

    UniqueFd epoll_;
    PendingOperations pending_;
    std::array<epoll_event, events_per_wait> events_{};
    std::vector<io::Completion> queue_; ///< a ring of completions that have not been returned
    std::size_t queue_begin_ = 0;
    std::size_t queue_size_ = 0;
    Instant now_{};
    WallTime wall_now_{};
    std::uint64_t system_calls_ = 0;
    bool waits_in_nanoseconds_ = true; ///< the kernel has epoll_pwait2 (5.11)
};

} // namespace ringcast::epoll
