#pragma once
// The engine without a kernel: every operation of the seam, answered in virtual time as Linux
// answers it, with the faults that Linux may have, as far as `Decisions` wants them. What the
// server does wrong is written down as a violation and goes on: a test looks at them after each
// step.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

#include "io/engine.hpp"
#include "sim/decisions.hpp"
#include "sim/event_queue.hpp"
#include "sim/sim_connection.hpp"

namespace ringcast::sim {

struct SimEngineSetup {
    bool zero_copy = true;
    std::size_t zero_copy_bytes_min = 0;
    /// Off: nothing fails, is delayed or reordered unless a test says so.
    bool faults = true;
    /// The canary: the server is never told that pages are still held. Everything that checks
    /// memory must notice.
    bool forgets_notifications = false;
    std::size_t buffer_table_size = 256;
};

class SimEngine final : public io::Engine, private SocketObserver {
public:
    SimEngine(Decisions& decisions, SimEngineSetup setup);

    // --- the seam ---
    [[nodiscard]] Instant now() const noexcept override { return turn_began_; }
    [[nodiscard]] WallTime wall_now() const noexcept override;
    void accept(io::OpToken token, int listener) noexcept override;
    void receive(io::OpToken token, int socket, ByteSpan into) noexcept override;
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
    [[nodiscard]] io::Peer describe_peer(int socket) noexcept override;
    [[nodiscard]] io::SocketProgress socket_progress(int socket,
                                                     io::Transport transport) noexcept override;
    [[nodiscard]] Result<io::BufferId> register_buffer(ByteSpan memory,
                                                       io::OpToken released) override;
    void release_buffer(io::BufferId buffer) noexcept override;
    [[nodiscard]] bool zero_copy_supported() const noexcept override { return setup_.zero_copy; }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override {
        return setup_.zero_copy_bytes_min;
    }
    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion> completions,
                                              Instant wake_at,
                                              std::size_t expected) noexcept override;
    /// One for each turn.
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return turns_; }

    // --- the world around it ---
    [[nodiscard]] EventQueue& events() noexcept { return events_; }
    [[nodiscard]] Decisions& decisions() noexcept { return decisions_; }
    /// Faults happen unless a test wants none.
    [[nodiscard]] bool faulty() const noexcept { return setup_.faults; }
    [[nodiscard]] int open_listener();
    /// An eventfd; `signal` makes it readable.
    [[nodiscard]] int open_event();
    void signal(int fd);
    /// A client that connects now. `remote` outlives the engine's last turn.
    SimConnection& connect(int listener, LinkSetup setup, RemoteEnd& remote);

    // --- what a test asks ---
    [[nodiscard]] const std::vector<std::string>& violations() const noexcept {
        return violations_;
    }
    /// Descriptors that are open, and operations of which an answer is still due.
    [[nodiscard]] std::size_t open_descriptors() const noexcept;
    [[nodiscard]] std::size_t operations_outstanding() const noexcept { return tokens_.size(); }
    /// Slices of memory that the kernel may still read.
    [[nodiscard]] std::size_t pages_held() const noexcept;
    [[nodiscard]] std::uint64_t completions_handed_out() const noexcept { return handed_out_; }

private:
    static constexpr std::uint32_t no_socket = 0xFFFFFFFFU;
    static constexpr std::uint64_t late_us_max = 4000;
    static constexpr std::int32_t hangup_events = POLLRDHUP | POLLHUP | POLLERR;

    enum class Verb : std::uint8_t {
        accept,
        receive,
        read,
        send,
        send_zero_copy,
        poll,
        abort,
        shutdown_writing,
        close,
        cancel,
        release_buffer,
    };
    struct Operation {
        std::uint64_t number = 0; ///< rises in the order of submission
        Verb verb = Verb::accept;
        io::OpToken token;
        int fd = -1;
        std::uint32_t socket = no_socket;
        std::uint32_t opened = 0; ///< which opening of the descriptor it was prepared for
        ConstByteSpan bytes;
        ByteSpan into;
        io::SendOptions options;
        io::PollEvents poll_events = io::PollEvents::hangup;
        io::Transport transport = io::Transport::tcp;
        io::OpToken target;
        std::uint64_t registration = 0; ///< of the fixed buffer that it sends from
        std::size_t taken = 0;          ///< bytes of a send that the socket has
        std::size_t taken_max = 0;      ///< less than all where a fault ends it early
        std::uint64_t end_total = 0;    ///< of the connection's `put_total`, behind its last byte
        std::uint32_t checksum = 0;
        bool attempted = false;     ///< a send has tried the socket buffer
        bool answered = false;      ///< a zero-copy send has its result and not its notification
        bool result_posted = false; ///< ... and the server can see that
        bool copied = false;
        bool notifying = false; ///< the notification is on its way
    };
    enum class FdKind : std::uint8_t { closed, listener, event, socket };
    struct Descriptor {
        FdKind kind = FdKind::closed;
        bool closing = false;     ///< its close is prepared
        std::uint32_t opened = 0; ///< grows each time that the number is given out
        std::uint32_t socket = no_socket;
        std::uint32_t unanswered = 0; ///< operations whose result the server has not seen
        std::uint64_t event_count = 0;
        std::deque<std::uint32_t> backlog; ///< connections to be accepted
        Instant rearm_at{};                ///< accept had no descriptors or memory before
    };
    struct Socket {
        std::unique_ptr<SimConnection> connection;
        std::vector<std::uint64_t> operations; ///< numbers, in the order of submission
        int fd = -1;                           ///< -1 before accept and after close
        bool accepted = false;
        bool aborted = false;
    };
    /// Memory that is a fixed buffer, or that was one and is not released yet.
    struct Registration {
        ByteSpan memory;
        io::OpToken released;   ///< what its release is answered under
        std::uint32_t uses = 0; ///< sends from it, until their notifications
        bool ending = false;    ///< its entry is empty again
    };
    /// A token that the server may not use for anything else yet.
    struct TokenUse {
        std::uint64_t number = 0; ///< of the newest operation with it
        Verb verb = Verb::accept;
        int results_due = 0;
        int notifications_due = 0;
    };
    struct Ready {
        io::Completion completion;
        std::uint64_t number = 0;
        int fd = -1;
        std::uint32_t opened = 0;
        bool last_result = false; ///< no further result follows, at most a notification
    };

    // sim_ring.cpp: what the server asks, and what it is handed
    void prepare(Operation operation) noexcept;
    void check_send(const Operation& operation, const Descriptor& descriptor);
    [[nodiscard]] Descriptor* descriptor(int fd) noexcept;
    [[nodiscard]] int open(FdKind kind);
    void violation(std::string what);
    void reorder_ready();
    [[nodiscard]] std::size_t reap(std::span<io::Completion> completions);
    void hand_out(const Ready& ready);
    void let_go(std::uint64_t registration, std::uint64_t number);

    // sim_operations.cpp: what the kernel does with an operation
    void start(Operation operation);
    void start_on_socket(Operation& operation);
    // sim_endings.cpp: how operations end
    void start_shutdown(const Operation& operation);
    void start_abort(const Operation& operation);
    void start_close(const Operation& operation);
    void start_cancel(const Operation& operation);
    void end_operation(std::uint64_t number, std::int32_t unbegun_send, std::int32_t receive);
    void end_operations(std::uint32_t socket, std::int32_t unbegun_send, std::int32_t receive);
    // sim_operations.cpp: whenever something has changed
    void serve_accept(int fd);
    void serve_event(int fd);
    void serve_socket(std::uint32_t socket);
    void serve(Operation& operation);
    void serve_send(Operation& operation, SimConnection& connection);
    void serve_receive(Operation& operation, SimConnection& connection);
    [[nodiscard]] bool inject_error(Operation& operation, SimConnection& connection);
    void serve_notifications(std::uint32_t socket);
    void notify(std::uint64_t number);
    void finish_send(Operation& operation, std::int32_t result);
    /// The last result; the operation is gone afterwards.
    void finish(std::uint64_t number, std::int32_t result);
    void post(const Operation& operation, io::Completion completion);
    void forget(std::uint64_t number);
    void check_unchanged(const Operation& operation, std::string_view when);
    [[nodiscard]] bool chooses(FaultKind kind, const SimConnection* connection = nullptr);

    void on_socket_changed(SimConnection& connection) override {
        serve_socket(connection.number());
    }
    void on_reset_coming(SimConnection& connection) override;

    Decisions& decisions_;
    SimEngineSetup setup_;
    EventQueue events_;
    Instant turn_began_;
    Duration wall_offset_;
    std::vector<Descriptor> descriptors_;
    std::vector<std::unique_ptr<Socket>> sockets_;
    std::vector<Operation> prepared_;
    std::map<std::uint64_t, Operation> operations_; ///< by number
    std::map<std::uint64_t, TokenUse> tokens_;      ///< by packed token
    std::vector<Ready> ready_;
    std::vector<std::uint64_t> buffers_; ///< the table: numbers of registrations, 0 for none
    std::map<std::uint64_t, Registration> registrations_; ///< by number
    std::vector<std::string> violations_;
    std::uint64_t next_number_ = 1;
    std::uint64_t turns_ = 0;
    std::uint64_t handed_out_ = 0;
};

} // namespace ringcast::sim
