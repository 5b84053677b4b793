// How operations end: abort, shutdown, close and cancel. The completions after an abort are those
// measured on Linux; docs/architecture.md lists them.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"
#include "sim/sim_engine.hpp"

namespace ringcast::sim {

void SimEngine::start_shutdown(const Operation& operation) {
    SimConnection& connection = *sockets_[operation.socket]->connection;
    if (connection.broken()) {
        finish(operation.number, -ENOTCONN);
        return;
    }
    connection.shut_down_writing();
    const std::uint32_t socket = operation.socket;
    finish(operation.number, 0);
    events_.after(Duration{}, [this, socket] { serve_socket(socket); });
}

void SimEngine::start_abort(const Operation& operation) {
    const std::uint32_t index = operation.socket;
    const std::uint64_t number = operation.number;
    Socket& socket = *sockets_[index];
    const bool is_unix = socket.connection->setup().transport == io::Transport::unix_socket;
    if (is_unix != (operation.transport == io::Transport::unix_socket)) {
        violation("abort of a socket as one of the other transport");
        finish(number, -EINVAL);
        return;
    }
    const bool answered_last = chooses(FaultKind::abort_answered_last);
    if (!answered_last) {
        finish(number, 0);
    }
    for (const std::uint64_t pending : socket.operations) {
        const Operation& other = operations_.at(pending);
        if (other.answered && other.end_total > socket.connection->released()) {
            decisions_.note(FaultKind::abort_with_pages_held);
            break;
        }
    }
    if (is_unix) {
        decisions_.note(FaultKind::abort_of_unix_socket);
        end_operations(index, -EPIPE, 0);
        socket.connection->shut_down();
    } else {
        end_operations(index, -ECONNRESET, -ENOTCONN);
        socket.aborted = true;
        socket.connection->abort();
    }
    serve_notifications(index);
    if (answered_last) {
        finish(number, 0);
    }
}

void SimEngine::end_operations(std::uint32_t index, std::int32_t unbegun_send,
                               std::int32_t receive) {
    const std::vector<std::uint64_t> numbers = sockets_[index]->operations;
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
        end_operation(*number, unbegun_send, receive);
    }
}

void SimEngine::end_operation(std::uint64_t number, std::int32_t unbegun_send,
                              std::int32_t receive) {
    Operation& operation = operations_.at(number);
    if (operation.answered) {
        return; // only its notification is due
    }
    if (operation.verb == Verb::poll) {
        finish(number, hangup_events);
    } else if (receives(operation.verb)) {
        finish(number, operation.taken > 0 ? static_cast<std::int32_t>(operation.taken) : receive);
    } else if (operation.taken > 0) {
        decisions_.note(FaultKind::abort_of_begun_send);
        finish_send(operation, static_cast<std::int32_t>(operation.taken));
    } else {
        decisions_.note(FaultKind::abort_of_unbegun_send);
        finish_send(operation, unbegun_send);
    }
}

void SimEngine::start_close(const Operation& operation) {
    Descriptor& entry = *descriptor(operation.fd);
    if (entry.kind == FdKind::socket) {
        sockets_[entry.socket]->connection->close();
        sockets_[entry.socket]->fd = -1;
        serve_notifications(entry.socket);
    }
    for (const std::uint32_t waiting : entry.backlog) {
        sockets_[waiting]->connection->fail(0);
    }
    entry.backlog.clear();
    entry.kind = FdKind::closed;
    // Linux has closed the descriptor whatever the result is.
    const auto error = setup_.faults ? decisions_.choose_error(ErrorGroup::close) : std::nullopt;
    finish(operation.number, error ? -fault_errno(*error) : 0);
}

void SimEngine::start_cancel(const Operation& operation) {
    const std::uint64_t number = operation.number;
    const auto use = tokens_.find(operation.target.pack());
    const auto found =
        use == tokens_.end() ? operations_.end() : operations_.find(use->second.number);
    if (found == operations_.end() || found->second.answered) {
        decisions_.note(FaultKind::cancel_found_nothing);
        finish(number, -ENOENT);
        return;
    }
    const std::uint64_t target = found->first;
    const auto end_target = [this, target] {
        const auto still = operations_.find(target);
        if (still == operations_.end() || still->second.answered) {
            return; // it has ended by itself meanwhile
        }
        const auto taken = static_cast<std::int32_t>(still->second.taken);
        if (still->second.verb == Verb::send || still->second.verb == Verb::send_zero_copy) {
            finish_send(still->second, taken > 0 ? taken : -ECANCELED);
        } else if (still->second.verb == Verb::receive_all && taken > 0) {
            finish(target, taken);
        } else {
            finish(target, -ECANCELED);
        }
    };
    if (chooses(FaultKind::cancel_too_late)) {
        finish(number, -EALREADY);
        events_.after(std::chrono::microseconds(decisions_.between(1, late_us_max)), end_target);
        return;
    }
    const bool own_answer_first = decisions_.once_in(2);
    if (own_answer_first) {
        finish(number, 0);
    }
    end_target();
    if (!own_answer_first) {
        finish(number, 0);
    }
}

void SimEngine::on_reset_coming(SimConnection& connection) {
    const Socket& socket = *sockets_[connection.number()];
    if (!socket.accepted) {
        decisions_.note(FaultKind::reset_in_backlog);
        return;
    }
    if (connection.write_shut()) {
        decisions_.note(FaultKind::reset_while_ending);
    }
    bool sending = false;
    bool receiving = false;
    bool polling = false;
    for (const std::uint64_t number : socket.operations) {
        const Operation& operation = operations_.at(number);
        if (operation.answered) {
            decisions_.note(FaultKind::reset_with_pages_held);
            continue;
        }
        receiving = receiving || receives(operation.verb);
        polling = polling || operation.verb == Verb::poll;
        sending = sending || operation.verb == Verb::send || operation.verb == Verb::send_zero_copy;
    }
    if (sending) {
        decisions_.note(FaultKind::reset_while_sending);
    } else if (receiving) {
        decisions_.note(FaultKind::reset_while_receiving);
    } else if (polling) {
        decisions_.note(FaultKind::reset_while_idle);
    }
}

} // namespace ringcast::sim
