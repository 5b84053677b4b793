#include "upstream/dialer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::upstream {

namespace {

/// The address family: a sockaddr begins with it.
std::uint16_t family_of(const io::SocketAddress& address) noexcept {
    std::uint16_t family = 0;
    std::memcpy(&family, address.bytes.data(), sizeof(family));
    return family;
}

/// The addresses in reverse order of attempts: the first family of the list and the other one take
/// turns.
std::vector<io::SocketAddress> alternated(std::span<const io::SocketAddress> addresses) {
    std::vector<io::SocketAddress> first;
    std::vector<io::SocketAddress> second;
    for (const io::SocketAddress& address : addresses) {
        (family_of(address) == family_of(addresses.front()) ? first : second).push_back(address);
    }
    std::vector<io::SocketAddress> order;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) {
            order.push_back(first[i]);
        }
        if (i < second.size()) {
            order.push_back(second[i]);
        }
    }
    std::ranges::reverse(order);
    return order;
}

} // namespace

void Dialer::begin(std::span<const io::SocketAddress> addresses, io::StreamId stream,
                   std::uint8_t operation, std::uint16_t run) {
    RINGCAST_ASSERT(idle());
    RINGCAST_ASSERT(!connected());
    RINGCAST_ASSERT(!addresses.empty());
    stream_ = stream;
    operation_ = operation;
    run_ = run;
    error_number_ = 0;
    connected_address_ = {};
    waiting_ = alternated(addresses);
    start_next();
}

io::OpToken Dialer::token(std::size_t attempt) const noexcept {
    return io::source_token(stream_, static_cast<std::uint8_t>(operation_ + attempt), run_);
}

/// Starts the next attempt for which a socket can be opened, if fewer than attempts_max are under
/// way.
void Dialer::start_next() noexcept {
    next_at_ = never;
    const auto free = std::ranges::find(attempts_, -1, &Attempt::socket);
    while (free != attempts_.end() && !waiting_.empty()) {
        free->address = waiting_.back();
        waiting_.pop_back();
        const int socket = engine_->open_socket(free->address);
        if (socket < 0) {
            error_number_ = -socket;
            continue;
        }
        free->socket = socket;
        free->cancelled = false;
        engine_->connect(token(static_cast<std::size_t>(free - attempts_.begin())), socket,
                         free->address);
        if (!waiting_.empty()) {
            next_at_ = engine_->now() + attempt_delay;
        }
        return;
    }
}

void Dialer::on_completion(const io::Completion& completion) noexcept {
    const auto index =
        static_cast<std::size_t>(io::source_token_operation(completion.token) - operation_);
    RINGCAST_ASSERT(index < attempts_.size());
    Attempt& attempt = attempts_[index];
    RINGCAST_ASSERT(attempt.socket >= 0);
    const int socket = std::exchange(attempt.socket, -1);
    if (completion.result == 0 && !attempt.cancelled && !connected()) {
        connected_ = socket;
        connected_address_ = attempt.address;
        cancel_attempts();
        return;
    }
    engine_->close(io::OpToken{}, socket);
    if (attempt.cancelled || connected()) {
        return;
    }
    error_number_ = completion.result < 0 ? -completion.result : ECONNABORTED;
    start_next();
}

Instant Dialer::deadline() const noexcept {
    return next_at_;
}

void Dialer::on_deadline(Instant now) noexcept {
    if (now >= next_at_) {
        start_next();
    }
}

void Dialer::cancel_attempts() noexcept {
    waiting_.clear();
    next_at_ = never;
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
        Attempt& attempt = attempts_[i];
        if (attempt.socket >= 0 && !attempt.cancelled) {
            attempt.cancelled = true;
            engine_->cancel(io::OpToken{}, token(i));
        }
    }
}

void Dialer::cancel() noexcept {
    cancel_attempts();
    if (const int socket = take_socket(); socket >= 0) {
        engine_->close(io::OpToken{}, socket);
    }
}

bool Dialer::idle() const noexcept {
    return waiting_.empty() && std::ranges::all_of(attempts_, [](const Attempt& attempt) {
               return attempt.socket < 0;
           });
}

} // namespace ringcast::upstream
