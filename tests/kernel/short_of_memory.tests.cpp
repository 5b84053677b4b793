// A kernel without memory for operations, simulated by a seccomp filter that fails the loop's
// system calls. A filter applies to a thread and can't be removed, so the loop runs in a thread of
// its own.

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.hpp"
#include "kernel/loopback.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;

namespace {

/// From now on the reader of the returned descriptor decides on each io_uring_enter of this thread.
/// Empty where such filters are not available.
UniqueFd supervise_enters() {
    std::array filter{
        sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, __NR_io_uring_enter},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
        sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    sock_fprog program{};
    program.len = filter.size();
    program.filter = filter.data();
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return {};
    }
    return UniqueFd(static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                               SECCOMP_FILTER_FLAG_NEW_LISTENER, &program)));
}

/// Fails the first `refusals` calls with `error` and lets the others through, until the supervised
/// thread has ended.
void answer_enters(int listener, unsigned refusals, int error) {
    for (unsigned calls = 0;; ++calls) {
        pollfd waited{listener, POLLIN, 0};
        if (::poll(&waited, 1, -1) != 1 || (waited.revents & POLLIN) == 0) {
            return;
        }
        seccomp_notif call{};
        if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
            continue;
        }
        seccomp_notif_resp answer{};
        answer.id = call.id;
        if (calls < refusals) {
            answer.error = -error;
        } else {
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        }
        ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

std::atomic<unsigned>& shortage_lines() {
    static std::atomic<unsigned> count{0};
    return count;
}

} // namespace

TEST_CASE("no operation is lost while the kernel is out of memory", "[io_uring]") {
    constexpr std::uint32_t poll_count = 30;
    constexpr unsigned refusals = 200;
    std::atomic<int> listener{-1};
    std::atomic<bool> filter_ready{false};
    std::size_t answered = 0;
    shortage_lines() = 0;
    set_log_sink([](const LogLine& line) noexcept {
        if (line.text.find("no memory") != std::string_view::npos) {
            ++shortage_lines();
        }
    });
    std::thread loop_thread([&] {
        Loop loop({.sq_entries = 4, .cq_entries = 64, .buffer_table_size = 1});
        const UniqueFd counter(::eventfd(1, EFD_CLOEXEC));
        UniqueFd filter = supervise_enters();
        const bool supervised = filter.valid();
        listener = filter.release();
        filter_ready = true;
        filter_ready.notify_one();
        for (std::uint32_t slot = 0; supervised && slot < poll_count; ++slot) {
            loop.engine().poll(token_of(slot), counter.get(), io::PollEvents::readable);
        }
        loop.turn_until([&] { return !supervised || loop.seen().size() >= poll_count; });
        answered = loop.seen().size();
    });
    filter_ready.wait(false);
    const UniqueFd owned(listener);
    if (owned.valid()) {
        answer_enters(owned.get(), refusals, EAGAIN);
    }
    loop_thread.join();
    set_log_sink(nullptr);
    if (!owned.valid()) {
        SKIP("system calls can't be filtered here");
    }
    CHECK(answered == poll_count);
    CHECK(shortage_lines() == 1);
}
