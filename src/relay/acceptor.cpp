#include "relay/acceptor.hpp"

#include <algorithm>
#include <bit>
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

Acceptor::Acceptor(io::Engine& engine, std::span<const int> sockets, AcceptorSettings settings,
                   api::RelayCounters& counters)
    : engine_(engine), pause_(settings.pause), counters_(counters),
      per_listener_(std::clamp(settings.accepts_max /
                                   std::max(static_cast<std::uint32_t>(sockets.size()), 1U),
                               1U, accepts_per_listener_max)) {
    for (const int socket : sockets) {
        listeners_.push_back({.socket = socket});
    }
}

void Acceptor::accept_up_to(std::uint32_t places) noexcept {
    if (stopping_) {
        return;
    }
    RINGCAST_ASSERT(under_way_ <= places);
    const Instant now = engine_.now();
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        Listener& listener = listeners_[i];
        if (listener.paused_until != never && now < listener.paused_until) {
            continue;
        }
        listener.paused_until = never;
        prepare(i, places);
    }
}

void Acceptor::prepare(std::uint32_t listener, std::uint32_t places) noexcept {
    Listener& entry = listeners_[listener];
    // After an error each accept is likely to fail, so one is enough to find out.
    const std::uint32_t target = entry.failing ? 1 : per_listener_;
    while (static_cast<std::uint32_t>(std::popcount(entry.under_way)) < target &&
           under_way_ < places) {
        const auto index = static_cast<std::uint32_t>(std::countr_one(entry.under_way));
        entry.under_way |= std::uint64_t{1} << index;
        ++under_way_;
        engine_.accept({io::OpKind::accept, listener * accepts_per_listener_max + index, 1},
                       entry.socket);
    }
}

void Acceptor::stop() noexcept {
    stopping_ = true;
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        listeners_[i].paused_until = never;
        for (std::uint64_t left = listeners_[i].under_way; left != 0; left &= left - 1) {
            const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
            engine_.cancel({}, {io::OpKind::accept, i * accepts_per_listener_max + index, 1});
        }
    }
}

std::optional<Acceptor::Accepted> Acceptor::on_accept(const io::Completion& completion) noexcept {
    const std::uint32_t listener = completion.token.slot / accepts_per_listener_max;
    RINGCAST_ASSERT(listener < listeners_.size());
    Listener& entry = listeners_[listener];
    const std::uint64_t bit = std::uint64_t{1} << completion.token.slot % accepts_per_listener_max;
    RINGCAST_ASSERT((entry.under_way & bit) != 0);
    entry.under_way &= ~bit;
    --under_way_;
    if (completion.result >= 0) {
        entry.failing = false;
        return Accepted{completion.result, listener};
    }
    if (!stopping_) {
        ++counters_.accept_errors;
        if (!peer_gone_before_accept(completion.result)) {
            pause(entry, completion.result);
        }
    }
    return std::nullopt;
}

void Acceptor::pause(Listener& listener, std::int32_t error) noexcept {
    listener.failing = true;
    const bool paused_before = listener.paused_until != never; // because of another accept
    // The next accept would fail at once, and spin.
    listener.paused_until = engine_.now() + pause_;
    if (!paused_before && resources_exhausted(error) && counters_.accept_pauses++ == 0) {
        log(LogLevel::warning, "new connections wait: the limit of open files or memory is reached "
                               "(raise LimitNOFILE= or lower [viewers] max)");
    }
}

Instant Acceptor::deadline() const noexcept {
    Instant earliest = never;
    for (const Listener& listener : listeners_) {
        earliest = std::min(earliest, listener.paused_until);
    }
    return earliest;
}

} // namespace ringcast::relay
