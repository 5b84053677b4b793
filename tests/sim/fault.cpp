#include "sim/fault.hpp"

#include <cerrno>

namespace ringcast::sim {

namespace {

struct FaultInfo {
    FaultKind kind;
    std::string_view name;
    int error;          ///< errno, or 0
    std::uint32_t rate; ///< in 1/65536; 0: never chosen, only counted where it occurs
};

using K = FaultKind;

// With these rates a run of a thousand steps has several faults of each kind, and most connections
// still live long enough to carry frames.
constexpr std::uint32_t error_rate = 160;

constexpr std::array<FaultInfo, fault_kind_count> fault_table{{
    {K::accept_econnaborted, "accept ECONNABORTED", ECONNABORTED, 3000},
    {K::accept_emfile, "accept EMFILE", EMFILE, 3000},
    {K::accept_enfile, "accept ENFILE", ENFILE, 3000},
    {K::accept_enomem, "accept ENOMEM", ENOMEM, 3000},
    {K::accept_enobufs, "accept ENOBUFS", ENOBUFS, 3000},
    {K::accept_eperm, "accept EPERM", EPERM, 3000},
    {K::accept_eintr, "accept EINTR", EINTR, 3000},
    {K::receive_econnreset, "receive ECONNRESET", ECONNRESET, 800},
    {K::receive_etimedout, "receive ETIMEDOUT", ETIMEDOUT, 800},
    {K::receive_ehostunreach, "receive EHOSTUNREACH", EHOSTUNREACH, 800},
    {K::receive_enetunreach, "receive ENETUNREACH", ENETUNREACH, 800},
    {K::receive_enobufs, "receive ENOBUFS", ENOBUFS, 800},
    {K::receive_enomem, "receive ENOMEM", ENOMEM, 800},
    {K::receive_eintr, "receive EINTR", EINTR, 800},
    {K::receive_eagain, "receive EAGAIN", EAGAIN, 800},
    {K::read_eintr, "read EINTR", EINTR, error_rate},
    {K::read_eagain, "read EAGAIN", EAGAIN, error_rate},
    {K::send_epipe, "send EPIPE", EPIPE, error_rate},
    {K::send_econnreset, "send ECONNRESET", ECONNRESET, error_rate},
    {K::send_etimedout, "send ETIMEDOUT", ETIMEDOUT, error_rate},
    {K::send_ehostunreach, "send EHOSTUNREACH", EHOSTUNREACH, error_rate},
    {K::send_enetunreach, "send ENETUNREACH", ENETUNREACH, error_rate},
    {K::send_enetdown, "send ENETDOWN", ENETDOWN, error_rate},
    {K::send_enobufs, "send ENOBUFS", ENOBUFS, error_rate},
    {K::send_enomem, "send ENOMEM", ENOMEM, error_rate},
    {K::send_eintr, "send EINTR", EINTR, error_rate},
    {K::send_eagain, "send EAGAIN", EAGAIN, error_rate},
    {K::zero_copy_epipe, "zero-copy send EPIPE", EPIPE, 4 * error_rate},
    {K::zero_copy_econnreset, "zero-copy send ECONNRESET", ECONNRESET, 4 * error_rate},
    {K::zero_copy_etimedout, "zero-copy send ETIMEDOUT", ETIMEDOUT, 4 * error_rate},
    {K::zero_copy_ehostunreach, "zero-copy send EHOSTUNREACH", EHOSTUNREACH, 4 * error_rate},
    {K::zero_copy_enetunreach, "zero-copy send ENETUNREACH", ENETUNREACH, 4 * error_rate},
    {K::zero_copy_enetdown, "zero-copy send ENETDOWN", ENETDOWN, 4 * error_rate},
    {K::zero_copy_enobufs, "zero-copy send ENOBUFS", ENOBUFS, 4 * error_rate},
    {K::zero_copy_enomem, "zero-copy send ENOMEM", ENOMEM, 4 * error_rate},
    {K::zero_copy_eintr, "zero-copy send EINTR", EINTR, 4 * error_rate},
    {K::zero_copy_eagain, "zero-copy send EAGAIN", EAGAIN, 4 * error_rate},
    {K::zero_copy_eopnotsupp, "zero-copy send EOPNOTSUPP", EOPNOTSUPP, 4 * error_rate},
    {K::zero_copy_einval, "zero-copy send EINVAL", EINVAL, 4 * error_rate},
    {K::poll_enomem, "poll ENOMEM", ENOMEM, 600},
    {K::close_eintr, "close EINTR", EINTR, 2000},
    {K::close_eio, "close EIO", EIO, 2000},
    {K::receive_in_pieces, "receive in pieces", 0, 20000},
    {K::send_blocked, "send blocked", 0, 0},
    {K::send_short, "send short", 0, 200},
    {K::send_partial, "send partial", 0, 0},
    {K::send_reset_midway, "send reset midway", 0, 0},
    {K::error_with_notification, "error with a notification", 0, 32768},
    {K::error_without_notification, "error without a notification", 0, 0},
    {K::notification_copied, "notification: copied", 0, 0},
    {K::notification_zero_copy, "notification: zero copy", 0, 0},
    {K::notification_delayed, "notification delayed", 0, 2000},
    {K::notification_reordered, "notification reordered", 0, 0},
    {K::completion_delayed, "completion delayed", 0, 2500},
    {K::completions_reordered, "completions reordered", 0, 6000},
    {K::reaped_in_part, "reaped in part", 0, 3000},
    {K::loop_held_up, "loop held up", 0, 100},
    {K::wall_clock_stepped, "wall clock stepped", 0, 60},
    {K::abort_answered_last, "abort answered last", 0, 16000},
    {K::abort_of_begun_send, "abort of a begun send", 0, 0},
    {K::abort_of_unbegun_send, "abort of an unbegun send", 0, 0},
    {K::abort_with_pages_held, "abort with pages held", 0, 0},
    {K::abort_of_unix_socket, "abort of a UNIX socket", 0, 0},
    {K::cancel_found_nothing, "cancel ENOENT", 0, 0},
    {K::cancel_too_late, "cancel EALREADY", 0, 9000},
    {K::close_ate_the_answer, "close with unread bytes", 0, 0},
    {K::progress_unknown, "progress unknown", 0, 3000},
    {K::buffer_refused, "buffer refused", 0, 8000},
    {K::buffer_release_delayed, "buffer release delayed", 0, 20000},
    {K::link_stalled, "link stalled", 0, 300},
    {K::peer_vanished, "peer vanished", 0, 0},
    {K::peer_closed, "peer closed", 0, 0},
    {K::peer_half_closed, "peer half-closed", 0, 0},
    {K::reset_in_backlog, "reset in the backlog", 0, 0},
    {K::reset_while_receiving, "reset while receiving", 0, 0},
    {K::reset_while_idle, "reset while idle", 0, 0},
    {K::reset_while_sending, "reset while sending", 0, 0},
    {K::reset_with_pages_held, "reset with pages held", 0, 0},
    {K::reset_while_ending, "reset while ending", 0, 0},
    {K::source_signal_lost, "source: signal lost", 0, 0},
    {K::source_ended, "source: ended", 0, 0},
    {K::source_paused, "source: paused", 0, 0},
    {K::source_woken, "source: woken", 0, 0},
    {K::camera_unplugged, "camera: unplugged", 0, 0},
    {K::camera_frame_bad, "camera: bad frame", 0, 1000},
    {K::camera_frame_truncated, "camera: truncated frame", 0, 1000},
    {K::camera_frame_padded, "camera: padded frame", 0, 10000},
    {K::camera_without_tables, "camera: frame without Huffman tables", 0, 20000},
    {K::camera_overtaken, "camera: overtaken frame", 0, 1000},
    {K::camera_time_backwards, "camera: time runs backwards", 0, 1000},
    {K::camera_pressed, "camera: few buffers left", 0, 0},
    {K::camera_set_outlived, "camera: gone before its buffers", 0, 0},
    {K::controls_set, "controls: set", 0, 0},
    {K::controls_kept, "controls: kept for later", 0, 0},
    {K::controls_failed, "controls: error", 0, 16000},
    {K::controls_unanswered, "controls: late answer", 0, 16000},
    {K::stream_ended, "stream ended", 0, 0},
    {K::stream_added, "stream added", 0, 0},
    {K::stream_replaced, "stream replaced", 0, 0},
    {K::stream_replaced_midway, "stream replaced during a part", 0, 0},
    {K::settings_changed, "settings changed", 0, 0},
    {K::listener_added, "listener added", 0, 0},
    {K::listener_removed, "listener removed", 0, 0},
    {K::connect_econnrefused, "connect ECONNREFUSED", ECONNREFUSED, 8000},
    {K::connect_etimedout, "connect ETIMEDOUT", ETIMEDOUT, 8000},
    {K::connect_ehostunreach, "connect EHOSTUNREACH", EHOSTUNREACH, 8000},
    {K::connect_enetunreach, "connect ENETUNREACH", ENETUNREACH, 8000},
    {K::connect_unanswered, "connect unanswered", 0, 6000},
    {K::socket_emfile, "socket EMFILE", EMFILE, 2000},
    {K::lookup_failed, "look-up failed", 0, 8000},
    {K::lookup_unanswered, "look-up unanswered", 0, 4000},
    {K::upstream_refused, "upstream: refused", 0, 0},
    {K::upstream_redirected, "upstream: redirected", 0, 0},
    {K::upstream_wrong_type, "upstream: wrong type", 0, 0},
    {K::upstream_garbage, "upstream: garbage", 0, 0},
    {K::upstream_silent, "upstream: silent", 0, 0},
    {K::upstream_closed, "upstream: closed", 0, 0},
    {K::upstream_reset_midway, "upstream: reset midway", 0, 0},
    {K::upstream_closed_midway, "upstream: closed midway", 0, 0},
    {K::upstream_silent_midway, "upstream: silent midway", 0, 0},
    {K::upstream_wrong_length, "upstream: wrong length", 0, 0},
    {K::upstream_damaged, "upstream: damaged frame", 0, 0},
    {K::upstream_no_signal, "upstream: no signal", 0, 0},
    {K::proxy_header_split, "PROXY header split", 0, 0},
    {K::proxy_header_malformed, "PROXY header malformed", 0, 0},
    {K::proxy_header_missing, "PROXY header missing", 0, 0},
    {K::proxy_header_late, "PROXY header late", 0, 0},
    {K::forwarded_forged, "X-Forwarded-For forged", 0, 0},
    {K::forwarded_behind_header, "X-Forwarded-For behind a PROXY header", 0, 0},
    {K::forwarded_disputed, "X-Forwarded-For disputed", 0, 0},
    {K::password_right, "a right password", 0, 0},
    {K::password_wrong, "a wrong password", 0, 0},
    {K::login_too_late, "a login that took too long", 0, 0},
    {K::too_many_logins, "too many logins", 0, 0},
    {K::rules_replaced, "other users, tokens and links", 0, 0},
    {K::rendition_made, "a rendition", 0, 0},
    {K::rendition_begun, "a frame to be made smaller", 0, 0},
    {K::rendition_refused, "no thread to make a frame smaller", 0, 0},
    {K::rendition_abandoned, "a frame that was not made smaller before the end", 0, 0},
    {K::rendition_damaged, "a frame that can't be made smaller", 0, 0},
    {K::rendition_ended, "a rendition that nobody watches", 0, 0},
    {K::viewer_moved_down, "a viewer that was moved to a smaller rendition", 0, 0},
    {K::viewer_moved_up, "a viewer that was moved to a larger rendition", 0, 0},
    {K::raw_lent, "a rendition that is made of a raw picture", 0, 0},
    {K::stream_turned, "a stream whose pictures are turned", 0, 0},
    {K::events_followed, "a client that was sent an event", 0, 0},
    {K::event_heartbeat, "a client that was sent a heartbeat", 0, 0},
}};

constexpr bool table_follows_enum() {
    for (std::size_t i = 0; i < fault_table.size(); ++i) {
        if (fault_table[i].kind != static_cast<FaultKind>(i)) {
            return false;
        }
    }
    return true;
}
static_assert(table_follows_enum());

const FaultInfo& info_of(FaultKind kind) noexcept {
    return fault_table[static_cast<std::size_t>(kind)];
}

} // namespace

ErrorRange errors_of(ErrorGroup group) noexcept {
    switch (group) {
    case ErrorGroup::accept:
        return {K::accept_econnaborted, K::accept_eintr};
    case ErrorGroup::receive:
        return {K::receive_econnreset, K::receive_eagain};
    case ErrorGroup::read:
        return {K::read_eintr, K::read_eagain};
    case ErrorGroup::send:
        return {K::send_epipe, K::send_eagain};
    case ErrorGroup::zero_copy:
        return {K::zero_copy_epipe, K::zero_copy_einval};
    case ErrorGroup::poll:
        return {K::poll_enomem, K::poll_enomem};
    case ErrorGroup::close:
        return {K::close_eintr, K::close_eio};
    case ErrorGroup::connect:
        return {K::connect_econnrefused, K::connect_enetunreach};
    }
    return {K::poll_enomem, K::poll_enomem};
}

std::string_view fault_name(FaultKind kind) noexcept {
    return info_of(kind).name;
}
int fault_errno(FaultKind kind) noexcept {
    return info_of(kind).error;
}
std::uint32_t fault_rate(FaultKind kind) noexcept {
    return info_of(kind).rate;
}

void Census::add(const Census& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        counts_[i] += other.counts_[i];
    }
}

std::vector<std::string> Census::missing() const {
    std::vector<std::string> names;
    for (const FaultInfo& info : fault_table) {
        if (of(info.kind) == 0) {
            names.emplace_back(info.name);
        }
    }
    return names;
}

} // namespace ringcast::sim
