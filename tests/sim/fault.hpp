#pragma once
// The kinds of faults in the simulation, and how often each occurred. The suite fails if one never
// occurred, because then it has tested nothing about that kind.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::sim {

/// Kinds of one ErrorGroup are adjacent.
enum class FaultKind : std::uint8_t {
    // accept fails, which disarms it
    accept_econnaborted,
    accept_emfile,
    accept_enfile,
    accept_enomem,
    accept_enobufs,
    accept_eperm,
    accept_eintr,
    // receive fails
    receive_econnreset,
    receive_etimedout,
    receive_ehostunreach,
    receive_enetunreach,
    receive_enobufs,
    receive_enomem,
    receive_eintr,
    receive_eagain,
    // a read of an eventfd or a pipe fails
    read_eintr,
    read_eagain,
    // send fails
    send_epipe,
    send_econnreset,
    send_etimedout,
    send_ehostunreach,
    send_enetunreach,
    send_enetdown,
    send_enobufs,
    send_enomem,
    send_eintr,
    send_eagain,
    // a zero-copy send fails
    zero_copy_epipe,
    zero_copy_econnreset,
    zero_copy_etimedout,
    zero_copy_ehostunreach,
    zero_copy_enetunreach,
    zero_copy_enetdown,
    zero_copy_enobufs,
    zero_copy_enomem,
    zero_copy_eintr,
    zero_copy_eagain,
    zero_copy_eopnotsupp,
    zero_copy_einval,
    // other operations fail
    poll_enomem,
    close_eintr,
    close_eio,
    // faults without an injected errno
    receive_in_pieces,          ///< fewer bytes than have arrived
    send_blocked,               ///< the socket buffer was full when the send began
    send_short,                 ///< a send that should have waited for all bytes ended early
    send_partial,               ///< a send without MSG_WAITALL took some of the bytes
    send_reset_midway,          ///< the connection broke after part of the bytes was taken
    error_with_notification,    ///< a zero-copy send failed, and a notification follows
    error_without_notification, ///< a zero-copy send failed, and no notification follows
    notification_copied,
    notification_zero_copy,
    notification_delayed,   ///< long after the acknowledgement
    notification_reordered, ///< before that of an earlier send of the same socket
    completion_delayed,
    completions_reordered,
    reaped_in_part,        ///< fewer completions were handed out than were ready
    loop_held_up,          ///< the process got no CPU time for a while
    wall_clock_stepped,    ///< the clock was set
    abort_answered_last,   ///< after the operations that it ends
    abort_of_begun_send,   ///< the send completes with a positive partial result
    abort_of_unbegun_send, ///< the send completes with an error
    abort_with_pages_held, ///< notifications follow at once
    abort_of_unix_socket,
    cancel_found_nothing, ///< -ENOENT
    cancel_too_late,      ///< -EALREADY
    close_ate_the_answer, ///< closed with unread bytes: a reset, which destroys the answer
    progress_unknown,     ///< the kernel did not report the socket's progress
    buffer_refused,       ///< memory could not be registered
    buffer_release_delayed,
    link_stalled,  ///< a lost packet: nothing for one retransmission time-out
    peer_vanished, ///< the peer sends nothing any more, not even a reset
    peer_closed,
    peer_half_closed,
    reset_in_backlog,      ///< the connection was reset before it was accepted,
    reset_while_receiving, ///< ... with a receive pending,
    reset_while_idle,      ///< ... with only the hang-up poll pending,
    reset_while_sending,   ///< ... with a send pending,
    reset_with_pages_held, ///< ... with a notification due,
    reset_while_ending,    ///< ... after the server shut it down for writing.
    // the source
    source_signal_lost,
    source_ended,
    source_paused,
    source_woken,
    // a camera
    camera_unplugged,
    camera_frame_bad,       ///< the driver reports it
    camera_frame_truncated, ///< the driver does not report it
    camera_frame_padded,
    camera_without_tables,
    camera_overtaken,      ///< a frame arrived after later ones
    camera_time_backwards, ///< a later frame claims an earlier time
    camera_pressed,        ///< so few buffers were left that a frame was copied
    camera_set_outlived,   ///< viewers held buffers of a camera that was gone
    controls_set,          ///< by requests,
    controls_kept,         ///< ... for a camera that was not open,
    controls_failed,       ///< ... which the camera answers with an error,
    controls_unanswered,   ///< ... which the camera answers late
    // the application
    stream_ended,
    stream_added,
    stream_replaced,
    stream_replaced_midway, ///< while a viewer was being sent a part
    settings_changed,
    listener_added,
    listener_removed,
    // a connection that the relay makes
    connect_econnrefused,
    connect_etimedout,
    connect_ehostunreach,
    connect_enetunreach,
    connect_unanswered, ///< until it is cancelled
    socket_emfile,
    lookup_failed,
    lookup_unanswered, ///< until it is given up
    // another server, before it sends pictures
    upstream_refused,
    upstream_redirected,
    upstream_wrong_type,
    upstream_garbage,
    upstream_silent,
    upstream_closed,
    // ... and in the middle of a frame or its headers
    upstream_reset_midway,
    upstream_closed_midway,
    upstream_silent_midway,
    upstream_wrong_length,
    upstream_damaged,
    upstream_no_signal,
    // proxies in front of the relay, and clients that pretend to be one
    proxy_header_split,
    proxy_header_malformed,
    proxy_header_missing,
    proxy_header_late, ///< the connection was closed without it
    forwarded_forged,  ///< by a client that is no proxy
    forwarded_behind_header,
    forwarded_disputed, ///< Forwarded and X-Forwarded-For name different clients
    // passwords
    password_right,
    password_wrong,
    login_too_late,  ///< the verification of its password took too long
    too_many_logins, ///< the queue was full, or the address had to wait
    rules_replaced,  ///< while viewers watched who were admitted under the earlier ones
    // renditions
    rendition_made,
    rendition_begun,     ///< a worker was given a frame
    rendition_refused,   ///< there was no thread for it
    rendition_abandoned, ///< the workers stopped before
    rendition_damaged,   ///< the worker could not read it
    rendition_ended,     ///< because nobody watched it any more
    viewer_moved_down,   ///< to a smaller one, because of its link
    viewer_moved_up,
    raw_lent,      ///< a rendition was made of a raw picture
    stream_turned, ///< a stream whose pictures are turned
    // events
    events_followed,
    event_heartbeat, ///< a client was told that there are none
};
inline constexpr std::size_t fault_kind_count =
    static_cast<std::size_t>(FaultKind::event_heartbeat) + 1;

/// The errors of one operation. One draw chooses the error, a second one whether it occurs.
enum class ErrorGroup : std::uint8_t {
    accept,
    receive,
    read,
    send,
    zero_copy,
    poll,
    close,
    connect,
};

struct ErrorRange {
    FaultKind first;
    FaultKind last;
};

[[nodiscard]] ErrorRange errors_of(ErrorGroup group) noexcept;
[[nodiscard]] std::string_view fault_name(FaultKind kind) noexcept;
/// The errno that an error kind stands for; 0 for the other kinds.
[[nodiscard]] int fault_errno(FaultKind kind) noexcept;
/// How often the kind occurs where it may, in 1/65536. Error kinds share their group's rate.
[[nodiscard]] std::uint32_t fault_rate(FaultKind kind) noexcept;

/// How often each kind occurred.
class Census {
public:
    void count(FaultKind kind) noexcept { ++counts_[static_cast<std::size_t>(kind)]; }
    void add(const Census& other) noexcept;
    [[nodiscard]] std::uint64_t of(FaultKind kind) const noexcept {
        return counts_[static_cast<std::size_t>(kind)];
    }
    /// The names of the kinds that never occurred.
    [[nodiscard]] std::vector<std::string> missing() const;

private:
    std::array<std::uint64_t, fault_kind_count> counts_{};
};

} // namespace ringcast::sim
