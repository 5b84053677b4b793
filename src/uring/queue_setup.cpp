#include "uring/queue_setup.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include <liburing.h>

#include "base/assert.hpp"
#include "uring/setup_failure.hpp"

namespace ringcast::uring {

namespace {

/// The smallest submission queue that is tried.
constexpr unsigned sq_entries_min = 4;

/// All are older than Linux 6.1, so one can be missing only where the ring has been restricted.
constexpr std::array required_operations{
    IORING_OP_ACCEPT,   IORING_OP_RECV,     IORING_OP_READ,
    IORING_OP_SEND,     IORING_OP_POLL_ADD, IORING_OP_CONNECT,
    IORING_OP_SHUTDOWN, IORING_OP_CLOSE,    IORING_OP_ASYNC_CANCEL,
};

} // namespace

Result<void> open_queues(io_uring& ring, UringSettings settings) {
    RINGCAST_ASSERT(settings.cq_entries >= cq_entries_min);
    int opened = -ENOMEM;
    // Recent kernels (seen on 6.18) charge the queues to RLIMIT_MEMLOCK. Smaller queues cost only
    // system calls, and completions that overflow wait in the kernel, so start-up goes on.
    while (opened == -ENOMEM && settings.cq_entries >= cq_entries_min) {
        io_uring_params parameters{};
        // DEFER_TASKRUN: the kernel processes completions only while the loop asks for them, so
        // the loop is not interrupted and completions arrive in batches. SUBMIT_ALL: a refused
        // operation must not stop the submission of those behind it.
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
        return fail(kernel_release() + " can't list the operations of its io_uring; ringcast needs "
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

} // namespace ringcast::uring
