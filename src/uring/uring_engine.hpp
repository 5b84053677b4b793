#pragma once
// io::Engine on io_uring: operations become submission queue entries, and completion queue entries
// become completions. Only this module uses liburing, and only in its .cpp files. Knows nothing of
// frames, viewers or HTTP.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"
#include "io/token.hpp"

struct io_uring_sqe; // NOLINT(readability-identifier-naming): liburing's name

namespace ringcast::uring {

/// The kernel rounds queue sizes up to powers of two and cuts them at its own maxima. Where locked
/// memory is short, smaller queues are used.
struct UringSettings {
    /// How many operations can be prepared between two calls of `submit_and_reap` without an extra
    /// system call. A full queue is submitted at once, so no operation is lost.
    unsigned sq_entries = 1024;
    /// At least four per viewer: result and notification of a send, the hang-up poll, and an abort
    /// or close may complete in one turn. Completions that do not fit wait in the kernel.
    unsigned cq_entries = 16384;
    /// How many buffers can be registered at the same time.
    unsigned buffer_table_size = 256;
    /// False: gather completions as on kernels before 6.12, so that tests cover this on newer ones.
    bool gather_in_kernel = true;
};

/// The engine of one loop. Created, used and destroyed by the same thread
/// (IORING_SETUP_SINGLE_ISSUER). Allocates nothing after `create`, except for the errors of
/// `register_buffer`.
class UringEngine final : public io::Engine {
public:
    /// The error is one line that says why io_uring can't be used here and what to do.
    [[nodiscard]] static Result<std::unique_ptr<UringEngine>> create(UringSettings settings);

    struct Native; ///< liburing's ring; defined in the .cpp
    /// Public only for `create`: nobody else can construct a Native.
    explicit UringEngine(std::unique_ptr<Native> native) noexcept;
    UringEngine(UringEngine&&) = delete;
    UringEngine& operator=(UringEngine&&) = delete;
    UringEngine(const UringEngine&) = delete;
    UringEngine& operator=(const UringEngine&) = delete;
    /// Ends every operation. Returns at once even when the kernel still uses pages of zero-copy
    /// sends; the kernel keeps these pages alive until it has released them.
    ~UringEngine() override;

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
    void send_zero_copy(io::OpToken token, int socket, ConstByteSpan bytes, io::BufferId buffer,
                        io::SendOptions options) noexcept override;
    void poll(io::OpToken token, int fd, io::PollEvents events) noexcept override;
    void abort(io::OpToken token, int socket, io::Transport transport) noexcept override;
    void shutdown_writing(io::OpToken token, int socket) noexcept override;
    void close(io::OpToken token, int fd) noexcept override;
    void cancel(io::OpToken token, io::OpToken target) noexcept override;

    [[nodiscard]] int open_socket(const io::SocketAddress& address) noexcept override;
    [[nodiscard]] io::Peer describe_peer(int socket) noexcept override;
    void shorten_queue(int socket) noexcept override;
    [[nodiscard]] io::SocketProgress socket_progress(int socket,
                                                     io::Transport transport) noexcept override;

    [[nodiscard]] Result<io::BufferId> register_buffer(ByteSpan memory,
                                                       io::OpToken released) override;
    void release_buffer(io::BufferId buffer) noexcept override;
    [[nodiscard]] bool zero_copy_supported() const noexcept override {
        return zero_copy_supported_;
    }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override {
        return zero_copy_bytes_min_;
    }

    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion> completions,
                                              Instant wake_at,
                                              std::size_t expected) noexcept override;

    /// Calls of io_uring_enter.
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return enters_; }

private:
    /// Returns the next submission queue entry. Submits first when the queue is full.
    [[nodiscard]] io_uring_sqe& next_entry(io::OpToken token) noexcept;
    /// Submits the prepared operations and lets the kernel run deferred work, without waiting.
    void submit_only() noexcept;
    /// Does the same, then sleeps until a completion arrives or until `wake_at`.
    void submit_and_wait(Instant wake_at, std::size_t expected) noexcept;
    /// Calls io_uring_enter. `arguments` is null for a call that does not wait.
    struct WaitArguments;
    void enter(unsigned wait_count, unsigned flags, WaitArguments* arguments) noexcept;
    void wait_for_memory() noexcept;
    [[nodiscard]] std::size_t copy_out(std::span<io::Completion> completions) noexcept;

    std::unique_ptr<Native> native_;
    std::vector<bool> entries_taken_; ///< of the table of registered buffers
    Instant now_{};
    WallTime wall_now_{};
    std::uint64_t enters_ = 0;
    std::size_t zero_copy_bytes_min_ = 0;
    unsigned turns_without_enter_ = 0;
    bool zero_copy_supported_ = false;
    bool shortage_reported_ = false; ///< a lack of memory for operations has been logged
    bool gathers_in_kernel_ = false; ///< the kernel can wait for several completions (6.12)
};

} // namespace ringcast::uring
