#include "uring/zero_copy_probe.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include <liburing.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/unique_fd.hpp"
#include "os/clock.hpp"
#include "os/mapped_memory.hpp"

namespace ringcast::uring {

namespace {

constexpr const char* no_connection = "can't connect over loopback to test zero-copy sends";

struct ProbeRing {
    io_uring ring{};
    bool open = false;

    ProbeRing() = default;
    ProbeRing(const ProbeRing&) = delete;
    ProbeRing& operator=(const ProbeRing&) = delete;
    ~ProbeRing() {
        if (open) {
            io_uring_queue_exit(&ring);
        }
    }
};

/// Both ends of a TCP connection over loopback.
struct LoopbackConnection {
    UniqueFd client;
    UniqueFd server;
};

tl::unexpected<Error> fail_with(const char* problem, int error) {
    return fail(std::string(problem) + ": " + std::strerror(error));
}

/// The time that is left until `deadline`, at least zero.
Duration left_until(Instant deadline) noexcept {
    return std::max(deadline - os::monotonic_now(), Duration::zero());
}

/// False if the socket is not ready by the deadline.
bool wait_until_ready(int socket, short events, Instant deadline) noexcept {
    pollfd waited{socket, events, 0};
    int ready = 0;
    do {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(left_until(deadline));
        ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    } while (ready < 0 && errno == EINTR && os::monotonic_now() < deadline);
    return ready == 1;
}

/// socketpair() can't create TCP sockets, and UNIX sockets refuse zero-copy sends.
Result<LoopbackConnection> connect_to_self(Instant deadline) {
    constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const UniqueFd listener(::socket(AF_INET, kind, 0));
    LoopbackConnection connection;
    connection.client.reset(::socket(AF_INET, kind, 0));
    if (!listener.valid() || !connection.client.valid()) {
        return fail_with("can't create a socket to test zero-copy sends", errno);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t address_bytes = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.get(), generic, address_bytes) != 0 || ::listen(listener.get(), 1) != 0 ||
        ::getsockname(listener.get(), generic, &address_bytes) != 0 ||
        (::connect(connection.client.get(), generic, address_bytes) != 0 && errno != EINPROGRESS)) {
        return fail_with(no_connection, errno);
    }
    // A firewall that drops the packets must not hold up the start.
    if (!wait_until_ready(connection.client.get(), POLLOUT, deadline) ||
        !wait_until_ready(listener.get(), POLLIN, deadline)) {
        return fail_with(no_connection, ETIMEDOUT);
    }
    connection.server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.server.valid()) {
        return fail_with(no_connection, errno);
    }
    return connection;
}

} // namespace

Result<void> try_zero_copy() {
    const Instant deadline = os::monotonic_now() + zero_copy_probe_time_max;
    Result<LoopbackConnection> connection = connect_to_self(deadline);
    if (!connection) {
        return tl::unexpected<Error>(connection.error());
    }
    Result<os::MappedMemory> memory = os::MappedMemory::create(1);
    if (!memory) {
        return tl::unexpected<Error>(memory.error());
    }
    ProbeRing probe;
    const int opened = io_uring_queue_init(4, &probe.ring, 0);
    if (opened < 0) {
        return fail_with("can't create an io_uring to test zero-copy sends", -opened);
    }
    probe.open = true;
    const iovec buffer{memory->bytes().data(), memory->bytes().size()};
    const int registered = io_uring_register_buffers(&probe.ring, &buffer, 1);
    if (registered < 0) {
        return fail_with("can't register memory to test zero-copy sends", -registered);
    }

    io_uring_sqe* const entry = io_uring_get_sqe(&probe.ring);
    io_uring_prep_send_zc_fixed(entry, connection->client.get(), buffer.iov_base, buffer.iov_len,
                                MSG_NOSIGNAL | MSG_WAITALL, send_report_usage, 0);
    constexpr unsigned completions = 2; // the result and the notification
    static_assert(zero_copy_probe_time_max < std::chrono::seconds(1));
    io_uring_cqe* completion = nullptr;
    const int submitted = io_uring_submit(&probe.ring);
    if (submitted < 0) {
        return fail_with("can't submit a zero-copy send", -submitted);
    }
    for (unsigned count = 0; count < completions; ++count) {
        __kernel_timespec limit{0, left_until(deadline).count()};
        const int waited = io_uring_wait_cqe_timeout(&probe.ring, &completion, &limit);
        if (waited < 0) {
            return fail_with("a zero-copy send did not complete", -waited);
        }
        const io_uring_cqe completed = *completion;
        io_uring_cqe_seen(&probe.ring, completion);
        if ((completed.flags & IORING_CQE_F_NOTIF) != 0) {
            continue;
        }
        if (completed.res < 0) {
            return fail_with(
                "the kernel does not support zero-copy sends that report whether it copied",
                -completed.res);
        }
        if ((completed.flags & IORING_CQE_F_MORE) == 0) {
            return fail("the kernel announced no notification for a zero-copy send");
        }
    }
    return {};
}

} // namespace ringcast::uring
