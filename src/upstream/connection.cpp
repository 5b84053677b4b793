#include "upstream/connection.hpp"

#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "upstream/failure_text.hpp"

namespace ringcast::upstream {

Connection::Step Connection::open(const ServerAddress& server, io::StreamId stream) {
    RINGCAST_ASSERT(closed());
    stream_ = stream;
    ++run_;
    failure_.clear();
    if (!server.socket_path.empty()) {
        const auto addresses = resolver_->unix_address(server.socket_path);
        if (addresses.empty()) {
            return fail("the path of the upstream server's socket is too long");
        }
        dialer_.begin(addresses, stream_, Operation::connect_first, run_);
        closing_ = false;
        return on_dialed();
    }
    resolver_->resolve(token(Operation::look_up), server.host, server.port);
    looking_up_ = true;
    closing_ = false;
    return {};
}

Connection::Step Connection::on_looked_up() {
    if (resolver_->addresses().empty()) {
        return fail(fmt::format("the name of the upstream server can't be looked up: {}",
                                resolver_->error()));
    }
    dialer_.begin(resolver_->addresses(), stream_, Operation::connect_first, run_);
    return on_dialed();
}

Connection::Step Connection::on_dialed() {
    if (!dialer_.connected()) {
        return dialer_.idle() ? fail(connect_failure(dialer_.error_number())) : Step{};
    }
    socket_ = dialer_.take_socket();
    transport_ = dialer_.address().transport;
    connected_at_ = engine_.now();
    ++count_;
    peer_ = resolver_->text_of(dialer_.address());
    return {Event::connected};
}

Connection::Step Connection::fail(std::string why) {
    failure_ = std::move(why);
    return {Event::failed};
}

Connection::Step Connection::on_completion(const io::Completion& completion) {
    if (io::source_token_run(completion.token) != run_) {
        return {};
    }
    const std::uint8_t operation = io::source_token_operation(completion.token);
    const bool dialing = operation >= Operation::connect_first;
    const bool dialed_before = socket_ >= 0;
    if (dialing) {
        dialer_.on_completion(completion);
    } else if (operation == Operation::look_up) {
        looking_up_ = !resolver_->on_completion(completion);
    } else {
        in_flight_.reset();
    }
    if (closing_) {
        close_socket();
        return {};
    }
    if (dialing) { // an attempt may end after another one has succeeded
        return dialed_before ? Step{} : on_dialed();
    }
    if (operation == Operation::look_up) {
        return looking_up_ ? Step{} : on_looked_up();
    }
    return on_result(operation, completion.result);
}

Connection::Step Connection::on_result(std::uint8_t operation, std::int32_t result) {
    const bool sending = operation == Operation::send_bytes;
    if (result == -EINTR || result == -EAGAIN) {
        sending ? send_on() : receive_on();
        return {};
    }
    if (result < 0) {
        return fail(connection_failure(-result));
    }
    if (result == 0) {
        return {Event::ended};
    }
    const auto bytes = static_cast<std::size_t>(result);
    if (!sending) {
        return {Event::received, bytes};
    }
    unsent_ = unsent_.subspan(bytes);
    if (!unsent_.empty()) {
        send_on();
        return {};
    }
    return {Event::sent};
}

Connection::Step Connection::on_deadline(Instant now) {
    if (now < dialer_.deadline()) {
        return {};
    }
    dialer_.on_deadline(now);
    return on_dialed();
}

void Connection::send(ConstByteSpan bytes) noexcept {
    RINGCAST_ASSERT(socket_ >= 0);
    RINGCAST_ASSERT(!in_flight_);
    unsent_ = bytes;
    send_on();
}

void Connection::send_on() noexcept {
    engine_.send(token(Operation::send_bytes), socket_, unsent_,
                 {.wait_all = transport_ == io::Transport::tcp, .more_follows = false});
    in_flight_ = Operation::send_bytes;
}

void Connection::receive(ByteSpan into, bool all) noexcept {
    RINGCAST_ASSERT(socket_ >= 0);
    RINGCAST_ASSERT(!in_flight_);
    into_ = into;
    all_ = all;
    receive_on();
}

void Connection::receive_on() noexcept {
    if (all_) {
        engine_.receive_all(token(Operation::receive_bytes), socket_, into_);
    } else {
        engine_.receive(token(Operation::receive_bytes), socket_, into_);
    }
    in_flight_ = Operation::receive_bytes;
}

void Connection::close() noexcept {
    if (!closing_) {
        closing_ = true;
        resolver_->cancel();
        dialer_.cancel();
        if (in_flight_) {
            engine_.cancel(io::OpToken{}, token(*in_flight_));
        }
    }
    close_socket();
}

/// When no operation of the connection is left.
void Connection::close_socket() noexcept {
    if (socket_ >= 0 && !looking_up_ && !in_flight_ && dialer_.idle()) {
        engine_.close(io::OpToken{}, std::exchange(socket_, -1));
    }
}

bool Connection::closed() const noexcept {
    return closing_ && socket_ < 0 && !looking_up_ && !in_flight_ && dialer_.idle();
}

} // namespace ringcast::upstream
