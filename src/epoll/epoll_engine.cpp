#include "epoll/epoll_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "os/clock.hpp"
#include "os/peer.hpp"

namespace ringcast::epoll {

using io::Completion;
using io::OpToken;

namespace {

/// Events that end without a completion (a send that goes on, a signal) before the caller gets a
/// turn all the same.
constexpr unsigned waits_per_turn_max = 16;
/// `never` is replaced by this.
constexpr Duration wait_max = std::chrono::hours(1);
/// The lowest numbers that a process with few connections uses.
constexpr std::size_t descriptors_expected = 1024;

constexpr std::uint32_t hangup_events = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/// Events after which an operation is worth another attempt.
constexpr std::uint32_t events_of(OperationKind kind) noexcept {
    switch (kind) {
    case OperationKind::accept:
    case OperationKind::receive:
    case OperationKind::receive_all:
    case OperationKind::read:
    case OperationKind::poll_readable:
        return EPOLLIN | hangup_events;
    case OperationKind::connect:
    case OperationKind::send:
        return EPOLLOUT | EPOLLHUP | EPOLLERR;
    case OperationKind::poll_hangup:
        break;
    }
    return hangup_events;
}

/// True for the operations of sockets that `close` closes.
constexpr bool watched_until_closed(OperationKind kind) noexcept {
    switch (kind) {
    case OperationKind::connect:
    case OperationKind::receive:
    case OperationKind::receive_all:
    case OperationKind::send:
    case OperationKind::poll_hangup:
        return true;
    case OperationKind::accept:
    case OperationKind::read:
    case OperationKind::poll_readable:
        break;
    }
    return false;
}

std::int32_t result_of(int returned) noexcept {
    return returned == 0 ? 0 : -errno;
}

} // namespace

// --- set-up ---

Result<std::unique_ptr<EpollEngine>> EpollEngine::create(EpollSettings settings) {
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.valid()) {
        const bool descriptors = errno == EMFILE || errno == ENFILE;
        return fail(std::string("epoll can't be set up: ")
                        .append(std::strerror(errno))
                        .append(descriptors
                                    ? ": raise LimitNOFILE= in the unit file, or `ulimit -n`"
                                    : ""));
    }
    return std::make_unique<EpollEngine>(std::move(epoll), settings);
}

EpollEngine::EpollEngine(UniqueFd epoll, EpollSettings settings)
    : epoll_(std::move(epoll)), pending_(settings.operations_max, descriptors_expected),
      queue_(settings.operations_max) {
    read_clocks();
}

EpollEngine::~EpollEngine() = default;

// --- memory ---

Result<io::BufferId> EpollEngine::register_buffer(ByteSpan /*memory*/, OpToken /*released*/) {
    return fail("the epoll engine sends by copy and registers no memory");
}

void EpollEngine::release_buffer(io::BufferId /*buffer*/) noexcept {
    RINGCAST_ASSERT(false); // no buffer has been registered
}

// --- operations ---

void EpollEngine::accept(OpToken token, int listener) noexcept {
    start({.token = token, .kind = OperationKind::accept, .fd = listener});
}

void EpollEngine::receive(OpToken token, int socket, ByteSpan into) noexcept {
    start({.token = token, .kind = OperationKind::receive, .fd = socket, .into = into});
}

void EpollEngine::receive_all(OpToken token, int socket, ByteSpan into) noexcept {
    start({.token = token, .kind = OperationKind::receive_all, .fd = socket, .into = into});
}

void EpollEngine::connect(OpToken token, int socket, const io::SocketAddress& address) noexcept {
    start({.token = token, .kind = OperationKind::connect, .fd = socket, .address = &address});
}

void EpollEngine::read(OpToken token, int fd, ByteSpan into) noexcept {
    start({.token = token, .kind = OperationKind::read, .fd = fd, .into = into});
}

void EpollEngine::send(OpToken token, int socket, ConstByteSpan bytes,
                       io::SendOptions options) noexcept {
    start({.token = token,
           .kind = OperationKind::send,
           .fd = socket,
           .bytes = bytes,
           .options = options});
}

void EpollEngine::send_zero_copy(OpToken /*token*/, int /*socket*/, ConstByteSpan /*bytes*/,
                                 io::BufferId /*buffer*/, io::SendOptions /*options*/) noexcept {
    RINGCAST_ASSERT(false); // no buffer has been registered
}

void EpollEngine::poll(OpToken token, int fd, io::PollEvents events) noexcept {
    const OperationKind kind = events == io::PollEvents::readable ? OperationKind::poll_readable
                                                                  : OperationKind::poll_hangup;
    start({.token = token, .kind = kind, .fd = fd});
}

void EpollEngine::abort(OpToken token, int socket, io::Transport transport) noexcept {
    constexpr sockaddr nowhere{AF_UNSPEC, {}};
    ++system_calls_;
    complete(token, result_of(transport == io::Transport::tcp
                                  ? ::connect(socket, &nowhere, sizeof(nowhere))
                                  : ::shutdown(socket, SHUT_RDWR)));
    // Another attempt would connect the socket again.
    for (auto index = pending_.first(socket); index != PendingOperations::none;) {
        const auto next = pending_.next(index);
        if (pending_.at(index).kind == OperationKind::connect) {
            end(index, -ECONNABORTED);
        }
        index = next;
    }
    // The others learn from the socket how they end.
    handle_event(socket, EPOLLIN | EPOLLOUT | hangup_events);
}

void EpollEngine::shutdown_writing(OpToken token, int socket) noexcept {
    ++system_calls_;
    complete(token, result_of(::shutdown(socket, SHUT_WR)));
}

void EpollEngine::close(OpToken token, int fd) noexcept {
    for (auto index = pending_.first(fd); index != PendingOperations::none;
         index = pending_.first(fd)) {
        end(index, ended_result(pending_.at(index), -ECANCELED));
    }
    pending_.set_watched(fd, false);
    ++system_calls_;
    complete(token, result_of(::close(fd)));
}

void EpollEngine::cancel(OpToken token, OpToken target) noexcept {
    const auto index = pending_.find(target);
    if (index == PendingOperations::none) {
        return complete(token, -ENOENT);
    }
    complete(token, 0);
    end(index, ended_result(pending_.at(index), -ECANCELED));
}

void EpollEngine::start(Operation operation) noexcept {
    const Direction direction = direction_of(operation.kind);
    const bool queues = direction != Direction::none && pending_.waits(operation.fd, direction);
    const std::optional<std::int32_t> result = queues ? std::nullopt : try_now(operation);
    result ? complete(operation.token, *result) : let_wait(operation);
}

std::optional<std::int32_t> EpollEngine::try_now(Operation& operation) noexcept {
    ++system_calls_;
    const std::optional<std::int32_t> result = attempt(operation);
    if (result && *result >= 0 && operation.kind == OperationKind::accept) {
        pending_.set_watched(*result, false); // its number may have been in use before
    }
    return result;
}

void EpollEngine::let_wait(Operation& operation) noexcept {
    const int fd = operation.fd;
    const bool until_closed = watched_until_closed(operation.kind);
    const bool watches =
        !pending_.watched(fd) && (until_closed || pending_.first(fd) == PendingOperations::none);
    const int error = watches ? watch(fd, until_closed) : 0;
    if (error == EPERM && operation.kind == OperationKind::read) {
        ++system_calls_;
        return complete(operation.token, read_at_once(operation));
    }
    if (error != 0 || !pending_.add(operation)) {
        return complete(operation.token, ended_result(operation, error != 0 ? -error : -ENOMEM));
    }
    if (watches) {
        pending_.set_watched(fd, until_closed);
    }
}

/// Until closed, events are reported once each (edge-triggered), so that nothing has to be changed
/// for an operation: each is attempted before it waits. An event may also be older than the
/// operations, or of a descriptor that had the number before; then the attempts find nothing.
int EpollEngine::watch(int fd, bool until_closed) noexcept {
    epoll_event event{};
    event.events =
        until_closed ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN | EPOLLONESHOT;
    event.data.fd = fd;
    // The one that usually succeeds is tried first: others are watched again and again.
    int operation = until_closed ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    ++system_calls_;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) {
        return 0;
    }
    if (errno != EEXIST && errno != ENOENT) {
        return errno;
    }
    operation = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    ++system_calls_;
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0 ? 0 : errno;
}

void EpollEngine::complete(OpToken token, std::int32_t result) noexcept {
    RINGCAST_ASSERT(queue_size_ < queue_.size());
    Completion& completion = queue_[(queue_begin_ + queue_size_) % queue_.size()];
    completion = {.token = token, .result = result};
    ++queue_size_;
}

void EpollEngine::end(PendingOperations::Index index, std::int32_t result) noexcept {
    const OpToken token = pending_.at(index).token;
    pending_.remove(index);
    complete(token, result);
}

int EpollEngine::open_socket(const io::SocketAddress& address) noexcept {
    const int socket = os::open_socket(address, SOCK_NONBLOCK);
    pending_.set_watched(socket, false); // its number may have been in use before
    return socket;
}

io::Peer EpollEngine::describe_peer(int socket) noexcept {
    return os::describe_peer(socket);
}

void EpollEngine::shorten_queue(int socket) noexcept {
    os::shorten_queue(socket);
}

io::SocketProgress EpollEngine::socket_progress(int socket, io::Transport transport) noexcept {
    return os::socket_progress(socket, transport);
}

// --- the loop ---

/// Completions are not gathered: a wake-up costs little beside the sends (docs/benchmarks.md).
std::size_t EpollEngine::submit_and_reap(std::span<Completion> completions, Instant wake_at,
                                         std::size_t /*expected*/) noexcept {
    RINGCAST_ASSERT(!completions.empty());
    for (unsigned wait = 0; wait < waits_per_turn_max; ++wait) {
        wait_for_events(queue_size_ == 0 ? wake_at : Instant{});
        if (queue_size_ > 0 || wake_at <= os::monotonic_now()) {
            break;
        }
    }
    read_clocks();
    return copy_out(completions);
}

void EpollEngine::wait_for_events(Instant wake_at) noexcept {
    const Duration left = std::clamp<Duration>(
        wake_at == never ? wait_max : wake_at - os::monotonic_now(), Duration::zero(), wait_max);
    int count = -1;
    if (waits_in_nanoseconds_) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
        const timespec timeout{seconds.count(), (left - seconds).count()};
        ++system_calls_;
        count = ::epoll_pwait2(epoll_.get(), events_.data(), events_per_wait, &timeout, nullptr);
        // Containers' seccomp profiles that are older than the call answer EPERM.
        waits_in_nanoseconds_ = count >= 0 || (errno != ENOSYS && errno != EPERM);
    }
    if (!waits_in_nanoseconds_) {
        const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left);
        ++system_calls_;
        count = ::epoll_wait(epoll_.get(), events_.data(), events_per_wait,
                             static_cast<int>(timeout.count()));
    }
    RINGCAST_ASSERT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        handle_event(event.data.fd, event.events);
    }
}

void EpollEngine::handle_event(int fd, std::uint32_t events) noexcept {
    std::array<bool, 3> blocked{}; // by Direction; polls never block each other
    for (auto index = pending_.first(fd); index != PendingOperations::none;) {
        const auto next = pending_.next(index);
        Operation& operation = pending_.at(index);
        const Direction direction = direction_of(operation.kind);
        bool& waits = blocked[static_cast<std::size_t>(direction)];
        if ((events & events_of(operation.kind)) != 0 && !waits) {
            if (const std::optional<std::int32_t> result = try_now(operation)) {
                end(index, *result);
            } else {
                waits = direction != Direction::none;
            }
        }
        index = next;
    }
    // Its one event has been reported; the operations that are left wait for the next.
    if (!pending_.watched(fd) && pending_.first(fd) != PendingOperations::none) {
        const int error = watch(fd, false);
        for (auto index = pending_.first(fd); error != 0 && index != PendingOperations::none;
             index = pending_.first(fd)) {
            end(index, ended_result(pending_.at(index), -error));
        }
    }
}

std::size_t EpollEngine::copy_out(std::span<Completion> completions) noexcept {
    const std::size_t count = std::min(completions.size(), queue_size_);
    for (std::size_t i = 0; i < count; ++i) {
        completions[i] = queue_[queue_begin_];
        queue_begin_ = (queue_begin_ + 1) % queue_.size();
    }
    queue_size_ -= count;
    return count;
}

void EpollEngine::read_clocks() noexcept {
    now_ = os::monotonic_now();
    wall_now_ = os::wall_now();
}

} // namespace ringcast::epoll
