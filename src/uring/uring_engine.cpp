#include "uring/uring_engine.hpp"

#include <algorithm>
#include <array>
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
    unsigned enter_flags = 0; ///< IORING_ENTER_REGISTERED_RING where the kernel granted it

    Native() = default;
    Native(const Native&) = delete;
    Native& operator=(const Native&) = delete;
    ~Native() {
        if (open) {
            io_uring_queue_exit(&ring);
        }
    }
};

/// struct io_uring_getevents_arg, whose third field Linux 6.12 gave a meaning (`min_wait_usec`)
/// and liburing 2.3 still calls `pad`.
struct UringEngine::WaitArguments {
    std::uint64_t signal_mask = 0;
    std::uint32_t signal_mask_bytes = 0;
    std::uint32_t gather_us = 0;
    std::uint64_t timeout = 0;
};

namespace {

/// IORING_FEAT_RECVSEND_BUNDLE of Linux 6.10, which liburing 2.3's header lacks.
constexpr unsigned feature_send_bundles = 1U << 14U;
/// IORING_FEAT_MIN_TIMEOUT of Linux 6.12: `gather_us` is understood.
constexpr unsigned feature_gathers = 1U << 15U;
/// In a notification's result: the kernel copied (IORING_NOTIF_USAGE_ZC_COPIED).
constexpr std::uint32_t usage_copied = 1U << 31U;

/// Linux 6.10 lets the notifications of one socket share a buffer's bookkeeping, which makes small
/// zero-copy sends cheap: published break-even sizes are 8 to 16 KiB. The upper one, since a
/// zero-copy send also holds its frame until the peer has acknowledged it.
constexpr std::size_t zero_copy_bytes_min_stacked = 16UL * 1024UL;
/// Before, each send pays for a notification of its own.
constexpr std::size_t zero_copy_bytes_min_single = 32UL * 1024UL;

/// A full submission queue is emptied by one call. More are needed only when the kernel is out of
/// memory for requests. It is waited for, since the operation that is to be prepared can't be left
/// out; a system that has none for ten seconds helps itself by ending processes.
constexpr unsigned submit_attempts_max = 10'000;
constexpr auto memory_pause = std::chrono::milliseconds(1);
/// How many calls in a row may be answered from the completion queue alone before the kernel gets
/// to run what it has deferred.
constexpr unsigned turns_without_enter_max = 4;
/// A signal, or a gathering moment that ended with progress but no answer, ends a sleep early.
constexpr unsigned sleeps_per_turn_max = 16;
/// The kernel ends a gathering wait that has no time-out with nothing to show, so `never` is
/// this far away.
constexpr Duration sleep_max = std::chrono::hours(1);
/// How long the first completions wait for the others that are expected. Measured with 100 viewers
/// of 100 KB at 30 frames/s over loopback (reno, TCP_NOTSENT_LOWAT 16 KiB), calls per frame:
///   receive buffers that take a frame, whatever the moment is                    3.0
///   32 KiB buffers: not gathering 7.6 to 12.2; 100 us 3.7; 300 us 3.0 to 3.3; 500 us 3.0 to 4.0
///   16 KiB buffers: not gathering 7.7 to 19.7; 100 us 5.4; 300 us 3.3 to 4.4; 500 us 4.0 to 4.2
/// and the latency of the last viewer was the same within the noise. Waiting for fewer than are
/// expected only adds calls (32 KiB buffers: for 64 4.3, for 32 5.5, for 16 7.2).
constexpr auto gather_max = std::chrono::microseconds(300);

/// Where queues stop being made smaller for want of memory.
constexpr unsigned cq_entries_min = 8;
constexpr unsigned sq_entries_min = 4;

/// What the operations of the seam need; all are older than Linux 6.1, so that one is missing only
/// where somebody has restricted the ring.
constexpr std::array required_operations{
    IORING_OP_ACCEPT,   IORING_OP_RECV,     IORING_OP_READ,
    IORING_OP_SEND,     IORING_OP_POLL_ADD, IORING_OP_CONNECT,
    IORING_OP_SHUTDOWN, IORING_OP_CLOSE,    IORING_OP_ASYNC_CANCEL,
};

Result<void> open_queues(io_uring& ring, UringSettings settings) {
    int opened = -ENOMEM;
    // Recent kernels (seen on 6.18) charge the queues to RLIMIT_MEMLOCK. Smaller ones cost system
    // calls, and what overflows waits in the kernel: no reason not to start.
    while (opened == -ENOMEM && settings.cq_entries >= cq_entries_min) {
        io_uring_params parameters{};
        // The kernel works off completions only while the loop asks for some: no interruptions,
        // and answers come in batches. SUBMIT_ALL: one refused operation must not hold back the
        // rest.
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                           IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                           IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = settings.cq_entries;
        opened = io_uring_queue_init_params(settings.sq_entries, &ring, &parameters);
        settings.cq_entries /= 2;
        settings.sq_entries = std::max(settings.sq_entries / 2, sq_entries_min);
    }
    if (opened < 0) {
        return tl::unexpected<Error>(explain_setup_failure(-opened));
    }
    return {};
}

Result<void> check_operations(io_uring& ring) {
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
        io_uring_get_probe_ring(&ring), &io_uring_free_probe);
    if (probe == nullptr) {
        return fail(kernel_release() + " does not say what its io_uring can do; ringcast needs "
                                       "Linux 6.1 or newer");
    }
    for (const int operation : required_operations) {
        if (io_uring_opcode_supported(probe.get(), operation) == 0) {
            return fail("the io_uring of " + kernel_release() + " lacks operation " +
                        std::to_string(operation) + "; ringcast needs Linux 6.1 or newer");
        }
    }
    return {};
}

int send_flags(SendOptions options) noexcept {
    return MSG_NOSIGNAL | (options.wait_all ? MSG_WAITALL : 0) |
           (options.more_follows ? MSG_MORE : 0);
}

/// What io_uring_enter may answer with the ring in order. Operations that it did not take this time
/// stay in the queue for the next call. Anything else is a bug: a foreign thread, a wrong argument.
bool is_passing(int answer) noexcept {
    return answer >= 0 || answer == -ETIME || answer == -EINTR || answer == -EAGAIN ||
           answer == -EBUSY || answer == -ENOMEM || answer == -EBADR;
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
    RINGCAST_ASSERT(settings.cq_entries >= cq_entries_min);
    RINGCAST_ASSERT(settings.buffer_table_size > 0);
    RINGCAST_ASSERT(settings.buffer_table_size <= std::numeric_limits<std::uint16_t>::max());
    auto native = std::make_unique<Native>();
    if (Result<void> opened = open_queues(native->ring, settings); !opened) {
        return tl::unexpected<Error>(std::move(opened.error()));
    }
    native->open = true;
    // Spares a look-up of the descriptor in every call. Refused where a thread has 16 already.
    if (io_uring_register_ring_fd(&native->ring) == 1) {
        native->enter_flags = IORING_ENTER_REGISTERED_RING;
    }
    if (Result<void> checked = check_operations(native->ring); !checked) {
        return tl::unexpected<Error>(std::move(checked.error()));
    }
    const int table = io_uring_register_buffers_sparse(&native->ring, settings.buffer_table_size);
    if (table < 0) {
        return fail(std::string("can't make io_uring's table of buffers: ") +
                    std::strerror(-table));
    }
    auto ring = std::make_unique<UringEngine>(std::move(native));
    ring->buffers_.resize(settings.buffer_table_size);
    ring->gathers_ = ring->gathers_ && settings.gather_in_kernel;
    if (const Result<void> tried = try_zero_copy(); tried) {
        ring->zero_copy_supported_ = true;
    } else {
        log(LogLevel::info, "frames are sent by copying: {}", tried.error().message);
    }
    return ring;
}

UringEngine::UringEngine(std::unique_ptr<Native> native) noexcept : native_(std::move(native)) {
    const unsigned features = native_->ring.features;
    gathers_ = (features & feature_gathers) != 0;
    // The stacking of notifications has no feature bit of its own; this one came with the same
    // release.
    zero_copy_bytes_min_ = (features & feature_send_bundles) != 0 ? zero_copy_bytes_min_stacked
                                                                  : zero_copy_bytes_min_single;
    read_clocks();
}

UringEngine::~UringEngine() = default;

// --- memory ---

Result<BufferId> UringEngine::register_buffer(ByteSpan memory, OpToken released) {
    RINGCAST_ASSERT(!memory.empty());
    const auto entry = std::find(buffers_.begin(), buffers_.end(), false);
    if (entry == buffers_.end()) {
        return fail("all " + std::to_string(buffers_.size()) +
                    " entries of io_uring's table of buffers are taken: configure fewer streams");
    }
    const auto index = static_cast<std::uint16_t>(entry - buffers_.begin());
    const iovec buffer{memory.data(), memory.size()};
    // The kernel answers under the tag when the entry is overwritten and nothing uses it any more;
    // a tag of 0 is none.
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
    RINGCAST_ASSERT(buffers_[buffer.value]);
    constexpr iovec nothing{nullptr, 0};
    int answer = -ENOMEM;
    // Like a submission it can't be left out, so that memory for it is waited for.
    for (unsigned attempt = 0; answer == -ENOMEM && attempt < submit_attempts_max; ++attempt) {
        if (attempt > 0) {
            wait_for_memory();
        }
        answer = io_uring_register_buffers_update_tag(&native_->ring, buffer.value, &nothing,
                                                      nullptr, 1);
    }
    RINGCAST_ASSERT(answer == 1);
    buffers_[buffer.value] = false;
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
    io_uring_prep_multishot_accept(&next_entry(token), listener, nullptr, nullptr, SOCK_CLOEXEC);
}

void UringEngine::receive(OpToken token, int socket, ByteSpan into) noexcept {
    io_uring_prep_recv(&next_entry(token), socket, into.data(), into.size(), 0);
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
    RINGCAST_ASSERT(buffers_[buffer.value]);
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
        mask = POLLRDHUP | POLLHUP | POLLERR;
        break;
    }
    io_uring_prep_poll_add(&next_entry(token), fd, mask);
}

void UringEngine::abort(OpToken token, int socket, io::Transport transport) noexcept {
    // Read by the kernel when the operation is submitted.
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

io::Peer UringEngine::describe_peer(int socket) noexcept {
    return os::describe_peer(socket);
}

io::SocketProgress UringEngine::socket_progress(int socket, io::Transport transport) noexcept {
    return transport == io::Transport::tcp ? os::tcp_progress(socket) : io::SocketProgress{};
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
        // The kernel looks at the time-out only after the gathering moment, so a shorter one rules
        // gathering out. Before Linux 6.12 the moment is a sleep of its own: one call more in a
        // quiet spell (measured as above with 32 KiB buffers: 3.7 calls per frame).
        if (expected > 1 && left > gather_max && (gathers_ || sleep == 0)) {
            wait_count = static_cast<unsigned>(expected);
            if (gathers_) {
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
    // liburing 2.3 has no call that takes a gathering moment, so this is its flush: entries are in
    // the queue in order, and the kernel may see them once it sees the new tail.
    ring.sq.sqe_head = ring.sq.sqe_tail;
    io_uring_smp_store_release(ring.sq.ktail, ring.sq.sqe_tail);
    flags |= native_->enter_flags;
    if (arguments != nullptr) {
        flags |= IORING_ENTER_EXT_ARG;
    }
    ++enters_;
    turns_without_enter_ = 0;
    const int answer = io_uring_enter2(
        static_cast<unsigned>(ring.enter_ring_fd), io_uring_sq_ready(&ring), wait_count, flags,
        reinterpret_cast<sigset_t*>(arguments), arguments != nullptr ? sizeof(*arguments) : 0);
    if (answer == -EBADR) {
        log(LogLevel::error, "the kernel had no memory for a completion and lost it");
    } else if (!is_passing(answer)) {
        log(LogLevel::error, "io_uring_enter failed: errno {}", -answer);
    }
    RINGCAST_ASSERT(is_passing(answer));
    if (answer == -EAGAIN || answer == -ENOMEM) {
        wait_for_memory();
    }
}

/// The kernel could not take operations. Those that are over hold memory until it gets to run what
/// it has deferred, which a refused call does not do.
void UringEngine::wait_for_memory() noexcept {
    if (!shortage_reported_) {
        shortage_reported_ = true;
        log(LogLevel::warning, "the kernel has no memory for operations: waiting for it");
    }
    ++enters_;
    static_cast<void>(io_uring_get_events(&native_->ring)); // the next call meets what ails it
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
