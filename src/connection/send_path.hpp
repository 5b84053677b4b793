#pragma once
// Chooses between zero-copy and copy for a connection's frames. No I/O, no clock.

#include <cstdint>

#include "base/time.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

/// Zero-copy sends from registered memory, or plain sends that the kernel copies. In status and
/// metrics the field is called "lane".
enum class SendPath : std::uint8_t { copy, zero_copy };

class SendPathChoice {
public:
    /// `supported`: the engine has zero-copy sends.
    [[nodiscard]] SendPath choose(const io::Peer& peer, config::SendPathPolicy policy,
                                  bool supported, Instant now) const noexcept {
        if (peer.transport != io::Transport::tcp || !supported ||
            policy == config::SendPathPolicy::copy) {
            return SendPath::copy;
        }
        if (policy == config::SendPathPolicy::zero_copy) {
            return SendPath::zero_copy;
        }
        return peer.local || now < copy_until_ ? SendPath::copy : SendPath::zero_copy;
    }
    /// The kernel reports with each notification whether it copied after all.
    void on_report(bool copied, Instant now, Duration retry_after) noexcept {
        if (!copied) {
            copied_in_a_row_ = 0;
        } else if (++copied_in_a_row_ >= copied_in_a_row_max) {
            demote(now, retry_after);
        }
    }
    /// Zero-copy does not work on this connection: chooses copy for `retry_after`.
    void demote(Instant now, Duration retry_after) noexcept {
        copied_in_a_row_ = 0;
        copy_until_ = now + retry_after;
    }

private:
    /// One report is not enough: the kernel may have linearised a single packet.
    static constexpr std::uint8_t copied_in_a_row_max = 3;

    std::uint8_t copied_in_a_row_ = 0;
    Instant copy_until_{};
};

} // namespace ringcast::connection
