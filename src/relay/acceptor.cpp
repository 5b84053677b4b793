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
    : engine_(engine), pause_(settings.pause), accepts_max_(settings.accepts_max),
      counters_(counters) {
    for (const int socket : sockets) {
        listeners_.push_back({.socket = socket});
    }
    share_accepts();
}

/// Listeners that exist have equal parts. Those with more give them up, so that a new one has its
/// part while the table is full, too.
void Acceptor::share_accepts() noexcept {
    const auto count = static_cast<std::uint32_t>(std::ranges::count_if(
        listeners_, [](const Listener& listener) { return listener.socket >= 0; }));
    per_listener_ = std::clamp(accepts_max_ / std::max(count, 1U), 1U, accepts_per_listener_max);
    if (per_listener_ < accepts_per_listener_max) {
        for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
            cancel(i, listeners_[i].under_way >> per_listener_ << per_listener_);
        }
    }
}

void Acceptor::cancel(std::uint32_t listener, std::uint64_t accepts) noexcept {
    for (std::uint64_t left = accepts; left != 0; left &= left - 1) {
        const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
        engine_.cancel({}, {io::OpKind::accept, listener * accepts_per_listener_max + index, 1});
    }
}

void Acceptor::add(std::uint32_t listener, int socket) {
    RINGCAST_ASSERT(listener == listeners_.size() || vacant(listener));
    if (listener == listeners_.size()) {
        listeners_.emplace_back();
    }
    listeners_[listener] = {.socket = socket};
    share_accepts();
}

void Acceptor::remove(std::uint32_t listener) noexcept {
    Listener& entry = listeners_[listener];
    RINGCAST_ASSERT(entry.socket >= 0);
    entry.socket = -1;
    entry.paused_until = never;
    cancel(listener, entry.under_way);
    share_accepts();
}

bool Acceptor::vacant(std::uint32_t listener) const noexcept {
    return listeners_[listener].socket < 0 && listeners_[listener].under_way == 0;
}

void Acceptor::accept_up_to(std::uint32_t places) noexcept {
    if (stopping_) {
        return;
    }
    RINGCAST_ASSERT(under_way_ <= places);
    const Instant now = engine_.now();
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        Listener& listener = listeners_[i];
        const bool paused = listener.paused_until != never && now < listener.paused_until;
        if (listener.socket < 0 || paused) {
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
        cancel(i, listeners_[i].under_way);
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
    // Cancelled: the listener was removed, or shares with a new one.
    if (!stopping_ && entry.socket >= 0 && completion.result != -ECANCELED) {
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
