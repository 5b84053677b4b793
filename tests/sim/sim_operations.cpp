// Operations of the simulated kernel, from submission to completion.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <zlib.h>

#include "base/assert.hpp"
#include "sim/sim_engine.hpp"

namespace ringcast::sim {

namespace {

constexpr std::uint64_t late_notification_ms_max = 300;

std::uint32_t checksum_of(ConstByteSpan bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// True for errors after which the connection is unusable; the others are transient.
bool breaks_connection(int error) {
    return error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == EHOSTUNREACH ||
           error == ENETUNREACH || error == ENETDOWN;
}

} // namespace

bool SimEngine::chooses(FaultKind kind, const SimConnection* connection) {
    return setup_.faults && (connection == nullptr || !connection->setup().faultless) &&
           decisions_.choose(kind);
}

void SimEngine::start(Operation operation) {
    const std::uint64_t number = operation.number;
    const int fd = operation.fd;
    Operation& stored = operations_.emplace(number, std::move(operation)).first->second;
    if (stored.verb == Verb::cancel) {
        start_cancel(stored);
        return;
    }
    const Descriptor* entry = descriptor(fd);
    if (entry == nullptr) {
        finish(number, -EBADF);
        return;
    }
    if (stored.verb == Verb::close) {
        start_close(stored);
    } else if (entry->kind == FdKind::unconnected && stored.verb == Verb::connect) {
        start_connect(stored);
    } else if (entry->kind == FdKind::listener && stored.verb == Verb::accept) {
        serve_accept(fd);
    } else if (entry->kind == FdKind::event &&
               (stored.verb == Verb::read || stored.verb == Verb::poll)) {
        if (const auto error = setup_.faults && stored.verb == Verb::read
                                   ? decisions_.choose_error(ErrorGroup::read)
                                   : std::nullopt) {
            finish(number, -fault_errno(*error));
        } else {
            serve_event(fd);
        }
    } else if (entry->kind == FdKind::socket) {
        start_on_socket(stored);
    } else {
        violation("an operation on a descriptor of another kind");
        finish(number, -EINVAL);
    }
}

void SimEngine::start_connect(const Operation& operation) {
    constexpr std::uint64_t error_ms_max = 3000;
    const std::uint64_t number = operation.number;
    if (chooses(FaultKind::connect_unanswered)) {
        return; // until it is cancelled
    }
    if (const auto error =
            setup_.faults ? decisions_.choose_error(ErrorGroup::connect) : std::nullopt) {
        const int result = -fault_errno(*error);
        events_.after(std::chrono::milliseconds(decisions_.between(0, error_ms_max)),
                      [this, number, result] {
                          if (operations_.contains(number)) {
                              finish(number, result);
                          }
                      });
        return;
    }
    Server server = find_server_ ? find_server_(operation.address) : Server{};
    const Duration round_trip = server.link.round_trip;
    connecting_.emplace(number, std::move(server));
    events_.after(round_trip, [this, number] { finish_connect(number); });
}

void SimEngine::finish_connect(std::uint64_t number) {
    const Server server = std::move(connecting_.extract(number).mapped());
    if (!operations_.contains(number)) {
        return; // cancelled
    }
    if (server.remote == nullptr) {
        finish(number, -ECONNREFUSED);
        return;
    }
    const auto index = static_cast<std::uint32_t>(sockets_.size());
    auto socket = std::make_unique<Socket>();
    SocketObserver& observer = *this;
    socket->connection = std::make_unique<SimConnection>(events_, decisions_, observer,
                                                         *server.remote, server.link, index);
    socket->accepted = true;
    const int fd = operations_.at(number).fd;
    socket->fd = fd;
    SimConnection& connection = *socket->connection;
    sockets_.push_back(std::move(socket));
    Descriptor& entry = *descriptor(fd);
    entry.kind = FdKind::socket;
    entry.socket = index;
    server.remote->on_connected(connection);
    finish(number, 0);
}

void SimEngine::start_on_socket(Operation& operation) {
    Socket& socket = *sockets_[operation.socket];
    SimConnection& connection = *socket.connection;
    switch (operation.verb) {
    case Verb::abort:
        start_abort(operation);
        return;
    case Verb::shutdown_writing:
        start_shutdown(operation);
        return;
    case Verb::send:
    case Verb::send_zero_copy:
        operation.checksum = checksum_of(operation.bytes);
        operation.taken_max = operation.bytes.size();
        operation.copied = connection.setup().local || connection.setup().copies_zero_copy;
        if (operation.verb == Verb::send_zero_copy &&
            connection.setup().transport == io::Transport::unix_socket) {
            finish(operation.number, -EOPNOTSUPP);
            return;
        }
        if (operation.options.wait_all && operation.taken_max > 1 &&
            chooses(FaultKind::send_short, &connection)) {
            operation.taken_max = decisions_.between(1, operation.taken_max - 1);
            connection.note_injured();
        }
        break;
    case Verb::receive:
    case Verb::receive_all:
    case Verb::poll:
        break;
    case Verb::accept:
    case Verb::connect:
    case Verb::read:
    case Verb::close:
    case Verb::cancel:
    case Verb::release_buffer:
        violation("an operation that sockets do not have");
        finish(operation.number, -EINVAL);
        return;
    }
    socket.operations.push_back(operation.number);
    if (!inject_error(operation, connection)) {
        serve(operation);
    }
}

bool SimEngine::inject_error(Operation& operation, SimConnection& connection) {
    if (!setup_.faults || connection.setup().faultless || connection.broken()) {
        return false;
    }
    const ErrorGroup group = receives(operation.verb)       ? ErrorGroup::receive
                             : operation.verb == Verb::poll ? ErrorGroup::poll
                             : operation.verb == Verb::send ? ErrorGroup::send
                                                            : ErrorGroup::zero_copy;
    const auto error = decisions_.choose_error(group);
    if (!error) {
        return false;
    }
    connection.note_injured();
    const int number = fault_errno(*error);
    if (breaks_connection(number)) {
        connection.fail(0);
        const std::uint32_t socket = operation.socket;
        events_.after(Duration{}, [this, socket] { serve_socket(socket); });
    }
    if (operation.verb == Verb::send || operation.verb == Verb::send_zero_copy) {
        finish_send(operation, -number);
    } else {
        finish(operation.number, -number);
    }
    return true;
}

// --- continuing operations after a change ---

void SimEngine::serve_accept(int fd) {
    Descriptor* entry = descriptor(fd);
    while (entry != nullptr && !entry->backlog.empty()) {
        const auto waiting =
            std::find_if(operations_.begin(), operations_.end(), [fd](const auto& candidate) {
                return candidate.second.verb == Verb::accept && candidate.second.fd == fd;
            });
        if (waiting == operations_.end()) {
            return;
        }
        const std::uint64_t number = waiting->first;
        const std::uint32_t index = entry->backlog.front();
        if (const auto fault =
                setup_.faults ? decisions_.choose_error(ErrorGroup::accept) : std::nullopt) {
            const int error = fault_errno(*fault);
            if (error == ECONNABORTED) {
                entry->backlog.pop_front();
                sockets_[index]->connection->fail(0);
            }
            finish(number, -error);
            continue;
        }
        entry->backlog.pop_front();
        const int accepted = open(FdKind::socket);
        entry = descriptor(fd); // the table may have grown
        descriptor(accepted)->socket = index;
        sockets_[index]->fd = accepted;
        sockets_[index]->accepted = true;
        finish(number, accepted);
    }
}

void SimEngine::serve_event(int fd) {
    Descriptor* entry = descriptor(fd);
    std::vector<std::uint64_t> waiting;
    for (const auto& [number, operation] : operations_) {
        if (operation.fd == fd && (operation.verb == Verb::read || operation.verb == Verb::poll)) {
            waiting.push_back(number);
        }
    }
    for (const std::uint64_t number : waiting) {
        if (entry->event_count == 0) {
            return;
        }
        Operation& operation = operations_.at(number);
        if (operation.verb == Verb::poll) {
            finish(number, POLLIN);
            continue;
        }
        if (operation.into.size() < sizeof entry->event_count) {
            finish(number, -EINVAL);
            continue;
        }
        std::memcpy(operation.into.data(), &entry->event_count, sizeof entry->event_count);
        entry->event_count = 0;
        finish(number, sizeof entry->event_count);
    }
}

void SimEngine::serve_socket(std::uint32_t index) {
    const std::vector<std::uint64_t> numbers = sockets_[index]->operations;
    for (const std::uint64_t number : numbers) {
        const auto found = operations_.find(number);
        if (found != operations_.end() && !found->second.answered) {
            serve(found->second);
        }
    }
    serve_notifications(index);
}

void SimEngine::serve(Operation& operation) {
    SimConnection& connection = *sockets_[operation.socket]->connection;
    if (operation.verb == Verb::poll) {
        if (operation.poll_events == io::PollEvents::readable) {
            if (connection.readable_bytes() > 0 || connection.hung_up()) {
                finish(operation.number, POLLIN);
            }
        } else if (connection.hung_up()) {
            finish(operation.number, connection.broken() ? hangup_events : POLLRDHUP);
        }
    } else if (receives(operation.verb)) {
        serve_receive(operation, connection);
    } else {
        serve_send(operation, connection);
    }
}

void SimEngine::serve_receive(Operation& operation, SimConnection& connection) {
    if (sockets_[operation.socket]->aborted) {
        finish(operation.number, -ENOTCONN);
        return;
    }
    const ByteSpan room = operation.into.subspan(operation.taken);
    if (connection.readable_bytes() > 0) {
        std::size_t count = std::min(room.size(), connection.readable_bytes());
        const bool in_pieces = count > 1 && chooses(FaultKind::receive_in_pieces, &connection);
        if (in_pieces) {
            count = decisions_.between(1, count - 1);
        }
        operation.taken += connection.read(room.first(count));
        const bool whole = operation.taken == operation.into.size();
        if (whole || in_pieces || operation.verb == Verb::receive) {
            finish(operation.number, static_cast<std::int32_t>(operation.taken));
            return;
        }
    }
    if (!connection.broken() && !connection.at_end()) {
        return;
    }
    if (operation.taken > 0) {
        finish(operation.number, static_cast<std::int32_t>(operation.taken));
    } else {
        // An error is reported once, an end each time.
        finish(operation.number, connection.broken() ? -connection.take_error() : 0);
    }
}

void SimEngine::serve_send(Operation& operation, SimConnection& connection) {
    const bool first_attempt = !std::exchange(operation.attempted, true);
    if (connection.broken() || connection.write_shut()) {
        if (operation.taken > 0) {
            decisions_.note(FaultKind::send_reset_midway);
            finish_send(operation, static_cast<std::int32_t>(operation.taken));
        } else {
            const int error = connection.take_error();
            finish_send(operation, error != 0 ? -error : -EPIPE);
        }
        return;
    }
    if (!first_attempt && !connection.writable()) {
        return;
    }
    const bool by_reference = operation.verb == Verb::send_zero_copy && !operation.copied;
    const std::size_t wanted = operation.taken_max - operation.taken;
    const std::size_t taken =
        connection.put(operation.bytes.subspan(operation.taken, wanted), by_reference);
    operation.taken += taken;
    operation.end_total = connection.put_total();
    if (first_attempt && taken == 0) {
        decisions_.note(FaultKind::send_blocked);
    }
    const bool partial = !operation.options.wait_all && operation.taken > 0;
    if (partial && operation.taken < operation.bytes.size()) {
        decisions_.note(FaultKind::send_partial);
    }
    if (partial || operation.taken == operation.taken_max) {
        finish_send(operation, static_cast<std::int32_t>(operation.taken));
    }
}

void SimEngine::serve_notifications(std::uint32_t index) {
    const Socket& socket = *sockets_[index];
    for (const std::uint64_t number : std::vector<std::uint64_t>(socket.operations)) {
        Operation& operation = operations_.at(number);
        if (!operation.answered || operation.notifying ||
            operation.end_total > socket.connection->released()) {
            continue;
        }
        operation.notifying = true;
        Duration delay{};
        if (!socket.aborted && chooses(FaultKind::notification_delayed, socket.connection.get())) {
            delay = std::chrono::milliseconds(decisions_.between(1, late_notification_ms_max));
        }
        events_.after(delay, [this, number] { notify(number); });
    }
}

void SimEngine::notify(std::uint64_t number) {
    const Operation operation = operations_.at(number);
    const Socket& socket = *sockets_[operation.socket];
    if (!operation.result_posted) {
        // A kernel posts the result of a send before its notification.
        constexpr Duration again = std::chrono::microseconds(50);
        events_.after(again, [this, number] { notify(number); });
        return;
    }
    check_unchanged(operation, "its notification");
    decisions_.note(operation.copied ? FaultKind::notification_copied
                                     : FaultKind::notification_zero_copy);
    for (const std::uint64_t other : socket.operations) {
        if (other < number && operations_.at(other).answered) {
            decisions_.note(FaultKind::notification_reordered);
            break;
        }
    }
    Ready ready;
    ready.completion = {operation.token, 0, false, true, operation.copied};
    ready.number = number;
    ready_.push_back(ready);
    forget(number);
}

// --- completions ---

void SimEngine::finish_send(Operation& operation, std::int32_t result) {
    check_unchanged(operation, "its result");
    if (operation.verb == Verb::send) {
        finish(operation.number, result);
        return;
    }
    const bool more = result >= 0 || decisions_.choose(FaultKind::error_with_notification);
    if (!more) {
        decisions_.note(FaultKind::error_without_notification);
        finish(operation.number, result);
        return;
    }
    if (operation.taken == 0) {
        operation.copied = true; // the kernel reports a send that never began as copied
        operation.end_total = 0;
    }
    operation.answered = true;
    post(operation, {operation.token, result, true, false, false});
    const std::uint32_t socket = operation.socket;
    events_.after(Duration{}, [this, socket] { serve_notifications(socket); });
}

void SimEngine::finish(std::uint64_t number, std::int32_t result) {
    const Operation& operation = operations_.at(number);
    post(operation, {operation.token, result, false, false, false});
    forget(number);
}

void SimEngine::post(const Operation& operation, io::Completion completion) {
    Ready ready;
    ready.completion = completion;
    ready.number = operation.number;
    ready.fd = operation.fd;
    ready.opened = operation.opened;
    const auto deliver = [this, ready] {
        ready_.push_back(ready);
        const auto found = operations_.find(ready.number);
        if (found != operations_.end()) {
            found->second.result_posted = true;
        }
    };
    if (chooses(FaultKind::completion_delayed)) {
        events_.after(std::chrono::microseconds(decisions_.between(1, late_us_max)), deliver);
    } else {
        deliver();
    }
}

void SimEngine::forget(std::uint64_t number) {
    const auto found = operations_.find(number);
    RINGCAST_ASSERT(found != operations_.end());
    if (found->second.socket != no_socket) {
        std::erase(sockets_[found->second.socket]->operations, number);
    }
    const std::uint64_t registration = found->second.registration;
    operations_.erase(found);
    if (registration != 0) {
        --registrations_.at(registration).uses;
        finish_release(registration, number);
    }
}

void SimEngine::check_unchanged(const Operation& operation, std::string_view when) {
    if (checksum_of(operation.bytes) != operation.checksum) {
        violation(fmt::format("the bytes of a send changed before {}", when));
    }
}

} // namespace ringcast::sim
