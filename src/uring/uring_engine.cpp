#include "uring/uring_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "os/clock.hpp"
#include "os/peer.hpp"
#include "uring/queue_setup.hpp"
#include "uring/setup_failure.hpp"
#include "uring/zero_copy_probe.hpp"

namespace ringcast::uring {

using io::BufferId;
using io::Completion;
using io::OpToken;
using io::SendOptions;

struct UringEngine::Native {
    io_uring ring{};
    bool open = false;
    unsigned enter_flags = 0; ///< IORING_ENTER_REGISTERED_RING if the descriptor was registered

    Native() = default;
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;
    ~Native() {
        if (open) {
            io_uring_queue_exit(&ring);
        }
    }
};

/// struct io_uring_getevents_arg. Its third field is `min_wait_usec` since Linux 6.12; liburing 2.3
/// still calls it `pad`.
struct UringEngine::WaitArguments {
    std::uint64_t signal_mask = 0;
    std::uint32_t signal_mask_bytes = 0;
    std::uint32_t gather_us = 0;
    std::uint64_t timeout = 0;
};

namespace {

/// IORING_FEAT_RECVSEND_BUNDLE of Linux 6.10, which liburing 2.3's header lacks.
constexpr unsigned feature_send_bundles = 1U << 14U;
/// IORING_FEAT_MIN_TIMEOUT of Linux 6.12: the kernel supports `gather_us`.
constexpr unsigned feature_min_wait = 1U << 15U;
/// IORING_NOTIF_USAGE_ZC_COPIED, in a notification's result: the kernel copied the data.
constexpr std::uint32_t usage_copied = 1U << 31U;

/// Since Linux 6.10 the notifications of one socket share a buffer's bookkeeping, which makes small
/// zero-copy sends cheap: published break-even sizes are 8 to 16 KiB. The upper bound is used
/// because a zero-copy send also pins its frame until the peer has acknowledged the data.
constexpr std::size_t zero_copy_bytes_min_stacked = 16UL * 1024UL;
/// Before Linux 6.10 each send pays for a notification of its own.
constexpr std::size_t zero_copy_bytes_min_single = 32UL * 1024UL;

/// One call empties a full submission queue. More calls are needed only when the kernel is out of
/// memory for requests. The loop then waits, because the next operation can't be dropped. A system
/// without any free memory for ten seconds ends processes to recover.
constexpr unsigned submit_attempts_max = 10'000;
constexpr auto memory_pause = std::chrono::milliseconds(1);
/// How many turns in a row may take completions from the queue without a system call. After these
/// the kernel gets a call in which it runs deferred work.
constexpr unsigned turns_without_enter_max = 4;
/// A sleep ends early on a signal, or when a gathering wait ended without a completion.
constexpr unsigned sleeps_per_turn_max = 16;
/// A gathering wait without a time-out returns with no completion, so `never` is replaced by this.
constexpr Duration sleep_max = std::chrono::hours(1);
/// How long the first completions wait for the others that are expected. Measured with 100 viewers
/// of 100 KB at 30 frames/s over loopback (reno, TCP_NOTSENT_LOWAT 16 KiB), calls per frame:
///   receive buffers that hold a whole frame, with any gathering time             3.0
///   32 KiB buffers: not gathering 7.6 to 12.2; 100 us 3.7; 300 us 3.0 to 3.3; 500 us 3.0 to 4.0
///   16 KiB buffers: not gathering 7.7 to 19.7; 100 us 5.4; 300 us 3.3 to 4.4; 500 us 4.0 to 4.2
/// The latency of the last viewer was the same within the noise. Waiting for fewer completions than
/// expected only adds calls (32 KiB buffers: for 64 4.3, for 32 5.5, for 16 7.2).
constexpr auto gather_max = std::chrono::microseconds(300);

int send_flags(SendOptions options) noexcept {
    return MSG_NOSIGNAL | (options.wait_all ? MSG_WAITALL : 0) |
           (options.more_follows ? MSG_MORE : 0);
}

/// True for results of io_uring_enter after which the ring can still be used: operations that were
/// not submitted stay in the queue for the next call. Any other result is a bug, such as a call by
/// another thread or a wrong argument.
bool is_recoverable(int result) noexcept {
    return result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
           result == -EBUSY || result == -ENOMEM || result == -EBADR;
}

Completion to_completion(const io_uring_cqe& entry) noexcept {
    Completion completion;
    completion.token = OpToken::unpack(entry.user_data);
    completion.more = (entry.flags & IORING_CQE_F_MORE) != 0;
    completion.notification = (entry.flags & IORING_CQE_F_NOTIF) != 0;
    if (completion.notification) {
        completion.copied = (static_cast<std::uint32_t>(entry.res) & usage_copied) != 0;
    } else {
        completion.result = entry.res;
    }
    return completion;
}

} // namespace

// --- set-up ---

Result<std::unique_ptr<UringEngine>> UringEngine::create(UringSettings settings) {
    RINGCAST_ASSERT(settings.buffer_table_size > 0);
    RINGCAST_ASSERT(settings.buffer_table_size <= std::numeric_limits<std::uint16_t>::max());
    auto native = std::make_unique<Native>();
    if (Result<void> opened = open_queues(native->ring, settings); !opened) {
        return tl::unexpected<Error>(std::move(opened.error()));
    }
    native->open = true;
    // Saves a look-up of the descriptor in every call. Fails when the thread has 16 already.
    if (io_uring_register_ring_fd(&native->ring) == 1) {
        native->enter_flags = IORING_ENTER_REGISTERED_RING;
    }
    if (Result<void> checked = check_operations(native->ring); !checked) {
        return tl::unexpected<Error>(std::move(checked.error()));
    }
    const int table = io_uring_register_buffers_sparse(&native->ring, settings.buffer_table_size);
    if (table < 0) {
        return fail(std::string("can't create io_uring's table of buffers: ") +
                    std::strerror(-table));
    }
    auto engine = std::make_unique<UringEngine>(std::move(native));
    engine->entries_taken_.resize(settings.buffer_table_size);
    engine->gathers_in_kernel_ = engine->gathers_in_kernel_ && settings.gather_in_kernel;
    if (const Result<void> tried = try_zero_copy(); tried) {
        engine->zero_copy_supported_ = true;
    } else {
        log(LogLevel::info, "zero-copy sends are not available, so frames are copied: {}",
            tried.error().message);
    }
    return engine;
}

UringEngine::UringEngine(std::unique_ptr<Native> native) noexcept : native_(std::move(native)) {
    const unsigned features = native_->ring.features;
    gathers_in_kernel_ = (features & feature_min_wait) != 0;
    // Stacked notifications have no feature bit of their own; send bundles came with the same
    // release.
    zero_copy_bytes_min_ = (features & feature_send_bundles) != 0 ? zero_copy_bytes_min_stacked
                                                                  : zero_copy_bytes_min_single;
    read_clocks();
}

UringEngine::~UringEngine() = default;

// --- memory ---

Result<BufferId> UringEngine::register_buffer(ByteSpan memory, OpToken released) {
    RINGCAST_ASSERT(!memory.empty());
    const auto entry = std::find(entries_taken_.begin(), entries_taken_.end(), false);
    if (entry == entries_taken_.end()) {
        return fail("all " + std::to_string(entries_taken_.size()) +
                    " entries of io_uring's table of buffers are in use: configure fewer streams");
    }
    const auto index = static_cast<std::uint16_t>(entry - entries_taken_.begin());
    const iovec buffer{memory.data(), memory.size()};
    // The kernel posts a completion with this tag when the entry has been overwritten and no
    // operation uses the old buffer any more. A tag of 0 asks for no completion.
    const __u64 tag = released.kind == io::OpKind::none ? 0 : released.pack();
    const int registered =
        io_uring_register_buffers_update_tag(&native_->ring, index, &buffer, &tag, 1);
    if (registered < 0) {
        return tl::unexpected<Error>(explain_registration_failure(-registered, memory.size()));
    }
    RINGCAST_ASSERT(registered == 1);
    *entry = true;
    return BufferId{index};
}

void UringEngine::release_buffer(BufferId buffer) noexcept {
    RINGCAST_ASSERT(entries_taken_[buffer.value]);
    constexpr iovec nothing{nullptr, 0};
    int result = -ENOMEM;
    // The release can't be skipped, so the loop waits for memory as it does for a submission.
    for (unsigned attempt = 0; result == -ENOMEM && attempt < submit_attempts_max; ++attempt) {
        if (attempt > 0) {
            wait_for_memory();
        }
        result = io_uring_register_buffers_update_tag(&native_->ring, buffer.value, &nothing,
                                                      nullptr, 1);
    }
    RINGCAST_ASSERT(result == 1);
    entries_taken_[buffer.value] = false;
}

// --- operations ---

io_uring_sqe& UringEngine::next_entry(OpToken token) noexcept {
    io_uring_sqe* entry = io_uring_get_sqe(&native_->ring);
    for (unsigned attempt = 0; entry == nullptr && attempt < submit_attempts_max; ++attempt) {
        enter(0, 0, nullptr);
        entry = io_uring_get_sqe(&native_->ring);
    }
    RINGCAST_ASSERT(entry != nullptr);
    io_uring_sqe_set_data64(entry, token.pack());
    return *entry;
}

void UringEngine::accept(OpToken token, int listener) noexcept {
    io_uring_prep_accept(&next_entry(token), listener, nullptr, nullptr, SOCK_CLOEXEC);
}

void UringEngine::receive(OpToken token, int socket, ByteSpan into) noexcept {
    io_uring_prep_recv(&next_entry(token), socket, into.data(), into.size(), 0);
}

void UringEngine::receive_all(OpToken token, int socket, ByteSpan into) noexcept {
    io_uring_prep_recv(&next_entry(token), socket, into.data(), into.size(), MSG_WAITALL);
}

void UringEngine::connect(OpToken token, int socket, const io::SocketAddress& address) noexcept {
    const void* const bytes = address.bytes.data();
    io_uring_prep_connect(&next_entry(token), socket, static_cast<const sockaddr*>(bytes),
                          address.length);
}

void UringEngine::read(OpToken token, int fd, ByteSpan into) noexcept {
    constexpr auto current_position = std::numeric_limits<std::uint64_t>::max();
    RINGCAST_ASSERT(into.size() <= std::numeric_limits<std::int32_t>::max());
    io_uring_prep_read(&next_entry(token), fd, into.data(), static_cast<unsigned>(into.size()),
                       current_position);
}

void UringEngine::send(OpToken token, int socket, ConstByteSpan bytes,
                       SendOptions options) noexcept {
    RINGCAST_ASSERT(bytes.size() <= std::numeric_limits<std::int32_t>::max());
    io_uring_prep_send(&next_entry(token), socket, bytes.data(), bytes.size(), send_flags(options));
}

void UringEngine::send_zero_copy(OpToken token, int socket, ConstByteSpan bytes, BufferId buffer,
                                 SendOptions options) noexcept {
    RINGCAST_ASSERT(bytes.size() <= std::numeric_limits<std::int32_t>::max());
    RINGCAST_ASSERT(entries_taken_[buffer.value]);
    io_uring_prep_send_zc_fixed(&next_entry(token), socket, bytes.data(), bytes.size(),
                                send_flags(options), send_report_usage, buffer.value);
}

void UringEngine::poll(OpToken token, int fd, io::PollEvents events) noexcept {
    unsigned mask = 0;
    switch (events) {
    case io::PollEvents::readable:
        mask = POLLIN;
        break;
    case io::PollEvents::hangup:
        static_assert(io::poll_broken == (POLLERR | POLLHUP));
        mask = POLLRDHUP | POLLHUP | POLLERR;
        break;
    }
    io_uring_prep_poll_add(&next_entry(token), fd, mask);
}

void UringEngine::abort(OpToken token, int socket, io::Transport transport) noexcept {
    // Static because the kernel reads it only when the operation is submitted.
    static constexpr sockaddr nowhere{AF_UNSPEC, {}};
    switch (transport) {
    case io::Transport::tcp:
        io_uring_prep_connect(&next_entry(token), socket, &nowhere, sizeof(nowhere));
        break;
    case io::Transport::unix_socket:
        io_uring_prep_shutdown(&next_entry(token), socket, SHUT_RDWR);
        break;
    }
}

void UringEngine::shutdown_writing(OpToken token, int socket) noexcept {
    io_uring_prep_shutdown(&next_entry(token), socket, SHUT_WR);
}

void UringEngine::close(OpToken token, int fd) noexcept {
    io_uring_prep_close(&next_entry(token), fd);
}

void UringEngine::cancel(OpToken token, OpToken target) noexcept {
    io_uring_prep_cancel64(&next_entry(token), target.pack(), 0);
}

int UringEngine::open_socket(const io::SocketAddress& address) noexcept {
    return os::open_socket(address);
}

io::Peer UringEngine::describe_peer(int socket) noexcept {
    return os::describe_peer(socket);
}

void UringEngine::shorten_queue(int socket) noexcept {
    os::shorten_queue(socket);
}

io::SocketProgress UringEngine::socket_progress(int socket, io::Transport transport) noexcept {
    return os::socket_progress(socket, transport);
}

// --- the loop ---

std::size_t UringEngine::submit_and_reap(std::span<Completion> completions, Instant wake_at,
                                         std::size_t expected) noexcept {
    RINGCAST_ASSERT(!completions.empty());
    const io_uring& ring = native_->ring;
    if (io_uring_cq_ready(&ring) == 0) {
        submit_and_wait(wake_at, std::min(expected, completions.size()));
    } else if (io_uring_sq_ready(&ring) != 0 || io_uring_cq_has_overflow(&ring) ||
               turns_without_enter_ == turns_without_enter_max) {
        submit_only();
    } else {
        ++turns_without_enter_;
    }
    read_clocks();
    return copy_out(completions);
}

void UringEngine::submit_only() noexcept {
    enter(0, IORING_ENTER_GETEVENTS, nullptr);
}

void UringEngine::submit_and_wait(Instant wake_at, std::size_t expected) noexcept {
    for (unsigned sleep = 0; sleep < sleeps_per_turn_max; ++sleep) {
        const Instant before = os::monotonic_now();
        if (wake_at <= before) {
            if (sleep == 0) {
                submit_only();
            }
            return;
        }
        Duration left = std::min<Duration>(wake_at - before, sleep_max);
        WaitArguments arguments;
        unsigned wait_count = 1;
        // The kernel checks the time-out only after the gathering time, so nothing is gathered when
        // less time than that is left. Before Linux 6.12 gathering is a sleep of its own, which
        // costs one more call when few completions arrive (measured as above with 32 KiB buffers:
        // 3.7 calls per frame).
        if (expected > 1 && left > gather_max && (gathers_in_kernel_ || sleep == 0)) {
            wait_count = static_cast<unsigned>(expected);
            if (gathers_in_kernel_) {
                arguments.gather_us = static_cast<std::uint32_t>(gather_max.count());
            } else {
                left = gather_max;
            }
        }
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        __kernel_timespec timeout{};
        timeout.tv_sec = seconds.count();
        timeout.tv_nsec = (left - seconds).count();
        arguments.timeout = reinterpret_cast<std::uintptr_t>(&timeout);
        enter(wait_count, IORING_ENTER_GETEVENTS, &arguments);
        if (io_uring_cq_ready(&native_->ring) != 0) {
            return;
        }
    }
}

void UringEngine::enter(unsigned wait_count, unsigned flags, WaitArguments* arguments) noexcept {
    static_assert(sizeof(WaitArguments) == sizeof(io_uring_getevents_arg));
    static_assert(offsetof(WaitArguments, gather_us) == offsetof(io_uring_getevents_arg, ts) - 4);
    static_assert(offsetof(WaitArguments, timeout) == offsetof(io_uring_getevents_arg, ts));
    io_uring& ring = native_->ring;
    // liburing 2.3 has no call with a gathering time, so its flush is repeated here: the entries
    // are in the queue in order, and become visible to the kernel with the new tail.
    ring.sq.sqe_head = ring.sq.sqe_tail;
    io_uring_smp_store_release(ring.sq.ktail, ring.sq.sqe_tail);
    flags |= native_->enter_flags;
    if (arguments != nullptr) {
        flags |= IORING_ENTER_EXT_ARG;
    }
    ++enters_;
    turns_without_enter_ = 0;
    const int result = io_uring_enter2(
        static_cast<unsigned>(ring.enter_ring_fd), io_uring_sq_ready(&ring), wait_count, flags,
        reinterpret_cast<sigset_t*>(arguments), arguments != nullptr ? sizeof(*arguments) : 0);
    if (result == -EBADR) {
        log(LogLevel::error, "the kernel had no memory for a completion and lost it");
    } else if (!is_recoverable(result)) {
        log(LogLevel::error, "io_uring_enter failed: errno {}", -result);
    }
    RINGCAST_ASSERT(is_recoverable(result));
    if (result == -EAGAIN || result == -ENOMEM) {
        wait_for_memory();
    }
}

/// Called after the kernel refused operations. Finished operations keep their memory until the
/// kernel runs its deferred work, which a refused call does not do.
void UringEngine::wait_for_memory() noexcept {
    if (!shortage_reported_) {
        shortage_reported_ = true;
        log(LogLevel::warning,
            "the kernel has no memory for io_uring operations: retrying until it has");
    }
    ++enters_;
    static_cast<void>(io_uring_get_events(&native_->ring)); // the next call reports any error
    std::this_thread::sleep_for(memory_pause);
}

std::size_t UringEngine::copy_out(std::span<Completion> completions) noexcept {
    io_uring& ring = native_->ring;
    std::size_t count = 0;
    unsigned head = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry) {
        if (count == completions.size()) {
            break;
        }
        completions[count++] = to_completion(*entry);
    }
    io_uring_cq_advance(&ring, static_cast<unsigned>(count));
    return count;
}

void UringEngine::read_clocks() noexcept {
    now_ = os::monotonic_now();
    wall_now_ = os::wall_now();
}

} // namespace ringcast::uring
