#include "relay/acceptor.hpp"

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::relay {

namespace {

bool resources_exhausted(std::int32_t error) noexcept {
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/// Errors of one connection that ended before it was accepted; the listener works.
bool peer_gone_before_accept(std::int32_t error) noexcept {
    return error == -ECONNABORTED || error == -EINTR || error == -EAGAIN || error == -EPROTO;
}

} // namespace

Acceptor::Acceptor(io::Engine& engine, std::span<const int> sockets, Duration pause,
                   api::RelayCounters& counters)
    : engine_(engine), pause_(pause), counters_(counters) {
    for (const int socket : sockets) {
        listeners_.push_back({.socket = socket});
    }
}

void Acceptor::start() noexcept {
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        arm(i);
    }
}

void Acceptor::stop() noexcept {
    stopping_ = true;
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        listeners_[i].rearm_at = never;
        if (listeners_[i].armed) {
            engine_.cancel({}, {io::OpKind::accept, i, 1});
        }
    }
}

bool Acceptor::stopped() const noexcept {
    return std::ranges::none_of(listeners_, &Listener::armed);
}

void Acceptor::arm(std::uint32_t listener) noexcept {
    Listener& entry = listeners_[listener];
    RINGCAST_ASSERT(!entry.armed);
    entry.armed = true;
    entry.rearm_at = never;
    engine_.accept({io::OpKind::accept, listener, 1}, entry.socket);
}

std::optional<Acceptor::Accepted> Acceptor::on_accept(const io::Completion& completion) noexcept {
    const std::uint32_t listener = completion.token.slot;
    RINGCAST_ASSERT(listener < listeners_.size());
    if (completion.result < 0 && completion.result != -ECANCELED) {
        ++counters_.accept_errors;
    }
    if (!completion.more) {
        listeners_[listener].armed = false;
        if (!stopping_) {
            rearm(listener, completion.result);
        }
    }
    return completion.result >= 0 ? std::optional(Accepted{completion.result, listener})
                                  : std::nullopt;
}

void Acceptor::rearm(std::uint32_t listener, std::int32_t result) noexcept {
    if (result >= 0 || peer_gone_before_accept(result)) {
        return arm(listener);
    }
    // Re-arming at once would fail again, and spin.
    listeners_[listener].rearm_at = engine_.now() + pause_;
    if (resources_exhausted(result) && counters_.accept_pauses++ == 0) {
        log(LogLevel::warning, "new connections wait: the limit of open files or memory is reached "
                               "(raise LimitNOFILE= or lower [viewers] max)");
    }
}

Instant Acceptor::deadline() const noexcept {
    Instant earliest = never;
    for (const Listener& listener : listeners_) {
        earliest = std::min(earliest, listener.rearm_at);
    }
    return earliest;
}

void Acceptor::on_deadline(Instant now) noexcept {
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        if (listeners_[i].rearm_at <= now) {
            arm(i);
        }
    }
}

} // namespace ringcast::relay
