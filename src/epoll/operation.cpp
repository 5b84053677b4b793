#include "epoll/operation.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace ringcast::epoll {

namespace {

using Outcome = std::optional<std::int32_t>;

/// After a call that has failed.
Outcome outcome_of_errno(const Operation& operation) noexcept {
    return errno == EAGAIN ? std::nullopt : Outcome(ended_result(operation, -errno));
}

/// The events among `events`, and POLLERR and POLLHUP, that are there now. Negative: -errno.
std::int32_t events_now(int fd, short events) noexcept {
    pollfd polled{fd, events, 0};
    if (::poll(&polled, 1, 0) < 0) {
        return -errno;
    }
    return (polled.revents & POLLNVAL) != 0 ? -EBADF : polled.revents;
}

Outcome attempt_poll(const Operation& operation, short events) noexcept {
    const std::int32_t found = events_now(operation.fd, events);
    return found == 0 ? std::nullopt : Outcome(found);
}

/// A blocking listener is polled first. A client that leaves between the two calls does not make
/// accept4 wait: Linux keeps its connection in the queue. Only another process that accepts from the
/// same listener could take it away, which is why listeners of our own don't block.
Outcome attempt_accept(const Operation& operation) noexcept {
    const std::int32_t ready = events_now(operation.fd, POLLIN);
    if (ready <= 0) {
        return ready == 0 ? std::nullopt : Outcome(ready);
    }
    const int accepted = ::accept4(operation.fd, nullptr, nullptr, SOCK_CLOEXEC);
    return accepted >= 0 ? Outcome(accepted) : outcome_of_errno(operation);
}

/// Repeated after it had to wait: a call on a socket that is connecting reports how that ended.
Outcome attempt_connect(const Operation& operation) noexcept {
    const void* const address = operation.address->bytes.data();
    if (::connect(operation.fd, static_cast<const sockaddr*>(address), operation.address->length) ==
        0) {
        return 0;
    }
    // EAGAIN means that a UNIX socket's backlog is full, which can't be waited for.
    return errno == EINPROGRESS || errno == EALREADY ? std::nullopt : Outcome(-errno);
}

Outcome attempt_receive(const Operation& operation) noexcept {
    const ssize_t received =
        ::recv(operation.fd, operation.into.data(), operation.into.size(), MSG_DONTWAIT);
    return received >= 0 ? Outcome(static_cast<std::int32_t>(received))
                         : outcome_of_errno(operation);
}

Outcome attempt_receive_all(Operation& operation) noexcept {
    while (!operation.into.empty()) {
        const Outcome received = attempt_receive(operation);
        if (!received || *received < 0) {
            return received ? Outcome(ended_result(operation, *received)) : std::nullopt;
        }
        if (*received == 0) {
            break;
        }
        operation.done += *received;
        operation.into = operation.into.subspan(static_cast<std::size_t>(*received));
    }
    return operation.done;
}

/// RWF_NOWAIT works for sockets, for eventfds (Linux 5.8) and for pipes (6.4). For the others it
/// is refused, and they are polled first. Then a read could only wait if another process took the
/// data between the two calls.
Outcome attempt_read(const Operation& operation) noexcept {
    const iovec into{operation.into.data(), operation.into.size()};
    constexpr off_t current_position = -1;
    ssize_t got = ::preadv2(operation.fd, &into, 1, current_position, RWF_NOWAIT);
    if (got < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM)) {
        const std::int32_t ready = events_now(operation.fd, POLLIN);
        if (ready <= 0) {
            return ready == 0 ? std::nullopt : Outcome(ready);
        }
        got = ::read(operation.fd, operation.into.data(), operation.into.size());
    }
    return got >= 0 ? Outcome(static_cast<std::int32_t>(got)) : outcome_of_errno(operation);
}

/// One call: after a short send the socket is full, and reports when it has room (epoll(7)).
Outcome attempt_send(Operation& operation) noexcept {
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (operation.options.more_follows ? MSG_MORE : 0);
    const ssize_t sent =
        ::send(operation.fd, operation.bytes.data(), operation.bytes.size(), flags);
    if (sent < 0) {
        return outcome_of_errno(operation);
    }
    operation.done += static_cast<std::int32_t>(sent);
    operation.bytes = operation.bytes.subspan(static_cast<std::size_t>(sent));
    return operation.bytes.empty() || !operation.options.wait_all ? Outcome(operation.done)
                                                                  : std::nullopt;
}

} // namespace

Direction direction_of(OperationKind kind) noexcept {
    switch (kind) {
    case OperationKind::accept:
    case OperationKind::receive:
    case OperationKind::receive_all:
    case OperationKind::read:
        return Direction::in;
    case OperationKind::connect:
    case OperationKind::send:
        return Direction::out;
    case OperationKind::poll_readable:
    case OperationKind::poll_hangup:
        break;
    }
    return Direction::none;
}

Outcome attempt(Operation& operation) noexcept {
    switch (operation.kind) {
    case OperationKind::accept:
        return attempt_accept(operation);
    case OperationKind::connect:
        return attempt_connect(operation);
    case OperationKind::receive:
        return attempt_receive(operation);
    case OperationKind::receive_all:
        return attempt_receive_all(operation);
    case OperationKind::read:
        return attempt_read(operation);
    case OperationKind::send:
        return attempt_send(operation);
    case OperationKind::poll_readable:
        return attempt_poll(operation, POLLIN);
    case OperationKind::poll_hangup:
        static_assert(io::poll_broken == (POLLERR | POLLHUP));
        return attempt_poll(operation, POLLRDHUP);
    }
    return -EINVAL;
}

std::int32_t read_at_once(const Operation& operation) noexcept {
    RINGCAST_ASSERT(operation.kind == OperationKind::read);
    const ssize_t got = ::read(operation.fd, operation.into.data(), operation.into.size());
    return got >= 0 ? static_cast<std::int32_t>(got) : -errno;
}

} // namespace ringcast::epoll
