#pragma once
// An engine without a kernel. Completes every operation of io::Engine in virtual time with the
// results of Linux, and injects the faults that `Decisions` chooses. A misuse by the server is
// recorded as a violation, and the run goes on; tests check the violations after each step.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
    /// False: nothing fails, is delayed or reordered unless a test causes it.
    bool faults = true;
    /// For the canary: results of zero-copy sends do not announce the notification, so the server
    /// reuses pages too early. All checks of memory must detect that.
    bool forgets_notifications = false;
    std::size_t buffer_table_size = 256;
};

class SimEngine final : public io::Engine, private SocketObserver {
public:
    SimEngine(Decisions& decisions, SimEngineSetup setup);

    // --- the seam ---
    [[nodiscard]] Instant now() const noexcept override { return turn_began_; }
    [[nodiscard]] WallTime wall_now() const noexcept override;
    void read_clocks() noexcept override { turn_began_ = events_.now(); }
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
    [[nodiscard]] bool zero_copy_supported() const noexcept override { return setup_.zero_copy; }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override {
        return setup_.zero_copy_bytes_min;
    }
    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion> completions,
                                              Instant wake_at,
                                              std::size_t expected) noexcept override;
    /// One per turn.
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return turns_; }

    // --- sockets, clients and faults ---
    [[nodiscard]] EventQueue& events() noexcept { return events_; }
    [[nodiscard]] Decisions& decisions() noexcept { return decisions_; }
    /// True if faults are injected.
    [[nodiscard]] bool faulty() const noexcept { return setup_.faults; }
    [[nodiscard]] int open_listener();
    /// Called from within the loop: its work takes this long, while the world goes on.
    void spend(Duration time) { events_.run_until(events_.now() + time); }
    /// Opens an eventfd; `signal` makes it readable.
    [[nodiscard]] int open_event();
    void signal(int fd);
    /// The other end of a connection that the relay makes, and the path to it.
    struct Server {
        LinkSetup link;
        RemoteEnd* remote = nullptr; ///< null: nobody listens there
    };
    /// `find` is asked for the server at an address, each time that the relay connects. The servers
    /// outlive the engine's last turn.
    void set_servers(std::function<Server(const io::SocketAddress&)> find) {
        find_server_ = std::move(find);
    }
    /// Connects a client now. `remote` outlives the engine's last turn.
    SimConnection& connect(int listener, LinkSetup setup, RemoteEnd& remote);

    // --- state for tests ---
    [[nodiscard]] const std::vector<std::string>& violations() const noexcept {
        return violations_;
    }
    [[nodiscard]] std::size_t open_descriptors() const noexcept;
    /// Of a socket that is open.
    [[nodiscard]] const LinkSetup& link_of(int socket) noexcept {
        return sockets_[descriptor(socket)->socket]->connection->setup();
    }
    /// Operations with a completion that is still due.
    [[nodiscard]] std::size_t operations_outstanding() const noexcept { return tokens_.size(); }
    /// Ranges of memory that the kernel may still read.
    [[nodiscard]] std::size_t pages_held() const noexcept;
    [[nodiscard]] std::uint64_t completions_handed_out() const noexcept { return handed_out_; }
    /// Calls of `socket_progress`, each of which is a system call in the real engine.
    [[nodiscard]] std::uint64_t progress_queries() const noexcept { return progress_queries_; }

private:
    static constexpr std::uint32_t no_socket = 0xFFFFFFFFU;
    static constexpr std::uint64_t late_us_max = 4000;
    static constexpr std::int32_t hangup_events = POLLRDHUP | POLLHUP | POLLERR;

    enum class Verb : std::uint8_t {
        accept,
        receive,
        receive_all,
        connect,
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
        std::uint64_t number = 0; ///< increases in the order of submission
        Verb verb = Verb::accept;
        io::OpToken token;
        int fd = -1;
        std::uint32_t socket = no_socket;
        std::uint32_t opened = 0; ///< the descriptor's `opened` when the operation was prepared
        ConstByteSpan bytes;
        ByteSpan into;
        io::SendOptions options;
        io::PollEvents poll_events = io::PollEvents::hangup;
        io::Transport transport = io::Transport::tcp;
        io::OpToken target;
        io::SocketAddress address;
        std::uint64_t registration = 0; ///< number of the fixed buffer that it sends from
        std::size_t taken = 0;          ///< bytes of a send that are in the socket, or received
        std::size_t taken_max = 0;      ///< limit of `taken`; a fault may end the send early
        std::uint64_t end_total = 0;    ///< the connection's `put_total` after the send's last byte
        std::uint32_t checksum = 0;
        bool attempted = false;     ///< a send has tried to write into the socket buffer
        bool answered = false;      ///< a zero-copy send has its result, but no notification yet
        bool result_posted = false; ///< ... and the result is ready to be reaped
        bool copied = false;
        bool notifying = false; ///< the notification is scheduled
    };
    enum class FdKind : std::uint8_t { closed, listener, event, unconnected, socket };
    struct Descriptor {
        FdKind kind = FdKind::closed;
        bool closing = false;     ///< a close has been prepared
        std::uint32_t opened = 0; ///< generation: increases each time that the number is reused
        std::uint32_t socket = no_socket;
        std::uint32_t unanswered = 0; ///< operations whose result has not been reaped
        std::uint64_t event_count = 0;
        std::deque<std::uint32_t> backlog; ///< connections not yet accepted
        Instant rearm_at{}; ///< after accept ran out of descriptors or memory: earliest next accept
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
        io::OpToken released;   ///< token of the completion of its release
        std::uint32_t uses = 0; ///< sends from it whose notification is due
        bool ending = false;    ///< being released; its entry in the table is free again
    };
    /// A token that the server must not reuse yet.
    struct TokenUse {
        std::uint64_t number = 0; ///< of the newest operation with this token
        Verb verb = Verb::accept;
        int results_due = 0;
        int notifications_due = 0;
    };
    struct Ready {
        io::Completion completion;
        std::uint64_t number = 0;
        int fd = -1;
        std::uint32_t opened = 0;
    };

    // sim_engine.cpp: prepares operations and hands out completions
    void prepare(Operation operation) noexcept;
    void check_send(const Operation& operation, const Descriptor& descriptor);
    [[nodiscard]] Descriptor* descriptor(int fd) noexcept;
    [[nodiscard]] int open(FdKind kind);
    void violation(std::string what);
    void reorder_ready();
    [[nodiscard]] std::size_t reap(std::span<io::Completion> completions);
    void hand_out(const Ready& ready);
    void finish_release(std::uint64_t registration, std::uint64_t number);

    // sim_operations.cpp: starts an operation
    void start(Operation operation);
    void start_on_socket(Operation& operation);
    void start_connect(const Operation& operation);
    void finish_connect(std::uint64_t number);
    // sim_endings.cpp: ends operations
    void start_shutdown(const Operation& operation);
    void start_abort(const Operation& operation);
    void start_close(const Operation& operation);
    void start_cancel(const Operation& operation);
    void end_operation(std::uint64_t number, std::int32_t unbegun_send, std::int32_t receive);
    void end_operations(std::uint32_t socket, std::int32_t unbegun_send, std::int32_t receive);
    // sim_operations.cpp: continues operations after a change
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
    /// Posts the last result and removes the operation.
    void finish(std::uint64_t number, std::int32_t result);
    void post(const Operation& operation, io::Completion completion);
    void forget(std::uint64_t number);
    void check_unchanged(const Operation& operation, std::string_view when);
    [[nodiscard]] bool chooses(FaultKind kind, const SimConnection* connection = nullptr);
    [[nodiscard]] static bool receives(Verb verb) noexcept {
        return verb == Verb::receive || verb == Verb::receive_all;
    }

    void on_socket_changed(SimConnection& connection) override {
        serve_socket(connection.number());
    }
    void on_reset_coming(SimConnection& connection) override;

    Decisions& decisions_;
    SimEngineSetup setup_;
    EventQueue events_;
    Instant turn_began_;
    Duration wall_offset_;
    std::function<Server(const io::SocketAddress&)> find_server_;
    std::map<std::uint64_t, Server> connecting_; ///< by the number of the operation
    std::vector<Descriptor> descriptors_;
    std::vector<std::unique_ptr<Socket>> sockets_;
    std::vector<Operation> prepared_;
    std::vector<Operation> submitted_;             ///< within a turn; kept for its memory
    std::pmr::unsynchronized_pool_resource nodes_; ///< of the maps, so that no step allocates
    std::pmr::map<std::uint64_t, Operation> operations_{&nodes_}; ///< by number
    std::pmr::map<std::uint64_t, TokenUse> tokens_{&nodes_};      ///< by packed token
    std::vector<Ready> ready_;
    std::vector<std::uint64_t> buffers_; ///< buffer table: numbers of registrations, 0 if free
    std::map<std::uint64_t, Registration> registrations_; ///< by number
    std::vector<std::string> violations_;
    std::uint64_t next_number_ = 1;
    std::uint64_t turns_ = 0;
    std::uint64_t handed_out_ = 0;
    std::uint64_t progress_queries_ = 0;
};

} // namespace ringcast::sim
