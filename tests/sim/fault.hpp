#pragma once
// What can go wrong in the simulation, by name, and how often it did. A suite that never met one of
// these has proved nothing about it, so it fails.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::sim {

/// Kinds of one group stand together and in the order of `fault_groups`.
enum class FaultKind : std::uint8_t {
    // accept answers with an error, which disarms it
    accept_econnaborted,
    accept_emfile,
    accept_enfile,
    accept_enomem,
    accept_enobufs,
    accept_eperm,
    accept_eintr,
    // receive answers with an error
    receive_econnreset,
    receive_etimedout,
    receive_ehostunreach,
    receive_enetunreach,
    receive_enobufs,
    receive_enomem,
    receive_eintr,
    receive_eagain,
    // read of an eventfd or a pipe
    read_eintr,
    read_eagain,
    // send answers with an error
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
    // a zero-copy send answers with an error
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
    // the other operations
    poll_enomem,
    close_eintr,
    close_eio,
    // everything that is not an injected errno
    accept_disarmed,            ///< a good descriptor, and the multishot is over all the same
    receive_in_pieces,          ///< fewer bytes than have arrived
    send_blocked,               ///< the socket buffer was full when the send began
    send_short,                 ///< a send that should have waited for all bytes ended early
    send_partial,               ///< a send that need not wait took some of the bytes
    send_reset_midway,          ///< the connection broke with part of the bytes taken
    error_with_notification,    ///< a zero-copy send failed, and a notification follows
    error_without_notification, ///< a zero-copy send failed, and none does
    notification_copied,
    notification_zero_copy,
    notification_delayed,   ///< long after the acknowledgement
    notification_reordered, ///< before that of an earlier send of the same socket
    completion_delayed,
    completions_reordered,
    reaped_in_part,        ///< fewer completions handed out than were there
    loop_held_up,          ///< the process got no processor for a while
    wall_clock_stepped,    ///< the clock was set
    abort_answered_last,   ///< after the operations that it ends
    abort_of_begun_send,   ///< which answers a positive partial result
    abort_of_unbegun_send, ///< which answers an error
    abort_with_pages_held, ///< notifications follow at once
    abort_of_unix_socket,
    cancel_found_nothing, ///< -ENOENT
    cancel_too_late,      ///< -EALREADY
    close_ate_the_answer, ///< closed with unread bytes: a reset instead of an orderly end
    progress_unknown,     ///< the kernel could not be asked
    buffer_refused,       ///< memory could not be registered
    buffer_release_delayed,
    link_stalled,  ///< a lost packet: nothing for one retransmission time-out
    peer_vanished, ///< no reset, no acknowledgement, ever again
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
    source_rested,
    source_woken,
    // a camera
    camera_unplugged,
    camera_frame_bad,       ///< as the driver says itself
    camera_frame_truncated, ///< as it does not say
    camera_frame_padded,
    camera_without_tables,
    camera_overtaken,      ///< a frame arrived after later ones
    camera_time_backwards, ///< a later frame claims an earlier time
    camera_pressed,        ///< so few buffers were left that a frame was copied
    camera_set_outlived,   ///< viewers had buffers of a camera that was gone
    // the application
    stream_ended,
    stream_added,
};
inline constexpr std::size_t fault_kind_count =
    static_cast<std::size_t>(FaultKind::stream_added) + 1;

/// Errors that one operation may answer. One draw decides whether, a second one which.
enum class ErrorGroup : std::uint8_t { accept, receive, read, send, zero_copy, poll, close };

struct ErrorRange {
    FaultKind first;
    FaultKind last;
};

[[nodiscard]] ErrorRange errors_of(ErrorGroup group) noexcept;
[[nodiscard]] std::string_view fault_name(FaultKind kind) noexcept;
/// The errno that an error kind stands for; 0 for the other kinds.
[[nodiscard]] int fault_errno(FaultKind kind) noexcept;
/// How often the kind happens when it can, in 1/65536. Error kinds share their group's rate.
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
