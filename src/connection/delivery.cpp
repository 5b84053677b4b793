#include "connection/delivery.hpp"

#include <utility>

namespace ringcast::connection {

void Delivery::begin(io::Transport transport, Instant now) noexcept {
    if (transport == io::Transport::unix_socket) {
        known_ = true;
        observed_since_ = now;
    }
}

void Delivery::note_frame_sent(io::Transport transport, Instant captured_at) noexcept {
    if (transport == io::Transport::unix_socket) {
        note_delivered(captured_at);
        return;
    }
    milestones_[milestone_next_] = {bytes_sent_, captured_at};
    milestone_next_ = static_cast<std::uint8_t>((milestone_next_ + 1U) % milestones_max);
}

void Delivery::note_delivered(Instant captured_at) noexcept {
    if (delivered_captured_at_ == never || captured_at > delivered_captured_at_) {
        delivered_captured_at_ = captured_at;
    }
}

void Delivery::on_sample(const io::SocketProgress& progress, Instant now) noexcept {
    sampled_at_ = now;
    if (!progress.known) {
        return;
    }
    if (!std::exchange(known_, true)) {
        observed_since_ = now;
    } else if (progress.bytes_acked > bytes_acked_) {
        last_progress_ = now;
    }
    bytes_acked_ = progress.bytes_acked;
    for (const Milestone& milestone : milestones_) {
        if (milestone.bytes_end != 0 && milestone.bytes_end <= bytes_acked_) {
            note_delivered(milestone.captured_at);
        }
    }
}

} // namespace ringcast::connection
