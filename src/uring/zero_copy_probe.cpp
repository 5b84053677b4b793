#include "uring/zero_copy_probe.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <liburing.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/unique_fd.hpp"
#include "os/mapped_memory.hpp"

namespace ringcast::uring {

namespace {

struct TrialRing {
    io_uring ring{};
    bool open = false;

    TrialRing() = default;
    TrialRing(const TrialRing&) = delete;
    TrialRing& operator=(const TrialRing&) = delete;
    ~TrialRing() {
        if (open) {
            io_uring_queue_exit(&ring);
        }
    }
};

struct Connection {
    UniqueFd near;
    UniqueFd far;
};

tl::unexpected<Error> fail_with(const char* what, int error) {
    return fail(std::string(what) + ": " + std::strerror(error));
}

/// socketpair() makes no TCP sockets, and UNIX sockets refuse zero-copy sends.
Result<Connection> connect_to_self() {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Connection connection;
    connection.near.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener.valid() || !connection.near.valid()) {
        return fail_with("no socket to try zero-copy sends on", errno);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t address_bytes = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener.get(), generic, address_bytes) != 0 || ::listen(listener.get(), 1) != 0 ||
        ::getsockname(listener.get(), generic, &address_bytes) != 0 ||
        ::connect(connection.near.get(), generic, address_bytes) != 0) {
        return fail_with("no loopback connection to try zero-copy sends on", errno);
    }
    connection.far.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.far.valid()) {
        return fail_with("no loopback connection to try zero-copy sends on", errno);
    }
    return connection;
}

} // namespace

Result<void> try_zero_copy() {
    Result<Connection> connection = connect_to_self();
    if (!connection) {
        return tl::unexpected<Error>(connection.error());
    }
    Result<os::MappedMemory> memory = os::MappedMemory::create(1);
    if (!memory) {
        return tl::unexpected<Error>(memory.error());
    }
    TrialRing trial;
    const int opened = io_uring_queue_init(4, &trial.ring, 0);
    if (opened < 0) {
        return fail_with("no ring to try zero-copy sends on", -opened);
    }
    trial.open = true;
    const iovec buffer{memory->bytes().data(), memory->bytes().size()};
    const int registered = io_uring_register_buffers(&trial.ring, &buffer, 1);
    if (registered < 0) {
        return fail_with("no memory can be registered", -registered);
    }

    io_uring_sqe* const entry = io_uring_get_sqe(&trial.ring);
    io_uring_prep_send_zc_fixed(entry, connection->near.get(), buffer.iov_base, buffer.iov_len,
                                MSG_NOSIGNAL | MSG_WAITALL, send_report_usage, 0);
    constexpr unsigned answers = 2; // the result and the notification
    __kernel_timespec limit{1, 0};
    io_uring_cqe* completion = nullptr;
    const int submitted = io_uring_submit(&trial.ring);
    if (submitted < 0) {
        return fail_with("zero-copy sends can't be submitted", -submitted);
    }
    for (unsigned answer = 0; answer < answers; ++answer) {
        const int waited = io_uring_wait_cqe_timeout(&trial.ring, &completion, &limit);
        if (waited < 0) {
            return fail_with("a zero-copy send was not answered", -waited);
        }
        const io_uring_cqe answered = *completion;
        io_uring_cqe_seen(&trial.ring, completion);
        if ((answered.flags & IORING_CQE_F_NOTIF) != 0) {
            continue;
        }
        if (answered.res < 0) {
            return fail_with("the kernel refuses zero-copy sends that report whether it copied",
                             -answered.res);
        }
        if ((answered.flags & IORING_CQE_F_MORE) == 0) {
            return fail("the kernel gave no notification for a zero-copy send");
        }
    }
    return {};
}

} // namespace ringcast::uring
