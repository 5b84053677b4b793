#include "os/spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringcast::os {

namespace {

using Resource = decltype(RLIMIT_NOFILE);

constexpr int exit_status_not_started = 127; // as shells use it

std::optional<std::uint64_t> soft_limit(Resource resource) noexcept {
    rlimit limit{};
    return ::getrlimit(resource, &limit) == 0 ? std::optional<std::uint64_t>(limit.rlim_cur)
                                              : std::nullopt;
}

/// glibc 2.36 declares pidfd_open without C linkage, so C++ can't link its wrapper.
int open_pidfd(pid_t pid) noexcept {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

/// Everything that the child needs, prepared by the parent.
struct ChildPlan {
    char* const* arguments;
    SpawnOptions options;
    int failure; ///< pipe for an errno
    pid_t parent;
};

// --- in the child, which shares the parent's memory: async-signal-safe calls only ---

bool set_death_signal(pid_t parent) noexcept {
    // A parent that ended before the call sends no signal; another process has adopted the child.
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent;
}

/// All signals are blocked until their handlers are gone: those of the parent must not run here.
void reset_signals() noexcept {
    struct sigaction initial{};
    initial.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) {
        static_cast<void>(::sigaction(signal, &initial, nullptr)); // fails for SIGKILL, SIGSTOP
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void lower_soft_limit(Resource resource, const std::optional<std::uint64_t>& limit) noexcept {
    rlimit limits{};
    if (limit.has_value() && ::getrlimit(resource, &limits) == 0) {
        limits.rlim_cur = std::min<rlim_t>(*limit, limits.rlim_max);
        static_cast<void>(::setrlimit(resource, &limits));
    }
}

/// Descriptors 0 to 2, and no others after exec: those that we inherited may lack close-on-exec.
bool set_descriptors(int output, int error) noexcept {
    constexpr int first_free = STDERR_FILENO + 1;
    // Both may be among 0 to 2 if this process was started with closed descriptors.
    output = ::fcntl(output, F_DUPFD_CLOEXEC, first_free);
    error = ::fcntl(error, F_DUPFD_CLOEXEC, first_free);
    const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int input_copy = ::fcntl(input, F_DUPFD_CLOEXEC, first_free);
    return ::dup2(input_copy, STDIN_FILENO) == STDIN_FILENO &&
           ::dup2(output, STDOUT_FILENO) == STDOUT_FILENO &&
           ::dup2(error, STDERR_FILENO) == STDERR_FILENO &&
           ::close_range(first_free, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

[[noreturn]] void run_child(const ChildPlan& plan) noexcept {
    if (!set_death_signal(plan.parent)) {
        ::_exit(exit_status_not_started);
    }
    const int failure = ::fcntl(plan.failure, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    reset_signals();
    lower_soft_limit(RLIMIT_MEMLOCK, plan.options.limits.locked_memory);
    if (::setpgid(0, 0) == 0 && set_descriptors(plan.options.output, plan.options.error)) {
        lower_soft_limit(RLIMIT_NOFILE, plan.options.limits.open_files);
        ::execvp(plan.arguments[0], plan.arguments);
    }
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(failure, &error, sizeof error);
    ::_exit(exit_status_not_started);
}

// --- in the parent ---

/// A function of its own: the child returns from vfork first, and must leave this frame as it is.
/// vfork, because fork would copy the page tables and write-protect this process's memory;
/// posix_spawn, which does the same, can neither lower limits nor set a death signal.
[[gnu::noinline]] pid_t start_child(const ChildPlan& plan) noexcept {
    const pid_t pid = ::vfork(); // NOLINT(*-security.insecureAPI.vfork,*-unsafe-functions)
    if (pid == 0) {
        run_child(plan); // NOLINT(clang-analyzer-unix.Vfork)
    }
    return pid;
}

/// The errno with which the child could not start the program; 0 if it did.
int read_failure(int pipe) noexcept {
    int error = 0;
    ssize_t count = 0;
    do {
        count = ::read(pipe, &error, sizeof error); // exec or exit closes the other end
    } while (count < 0 && errno == EINTR);
    return count == static_cast<ssize_t>(sizeof error) ? error : 0;
}

void reap(pid_t pid) noexcept {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace

SoftLimits soft_limits() noexcept {
    return {soft_limit(RLIMIT_NOFILE), soft_limit(RLIMIT_MEMLOCK)};
}

tl::expected<Child, int> spawn(const std::vector<std::string>& command,
                               const SpawnOptions& options) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) {
        // exec takes char* for historical reasons and does not write to the arguments.
        arguments.push_back(const_cast<char*>(argument.c_str())); // NOLINT
    }
    arguments.push_back(nullptr);

    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::unexpected(errno);
    }
    const UniqueFd failure_reader(ends[0]);
    UniqueFd failure_writer(ends[1]);

    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = start_child({arguments.data(), options, failure_writer.get(), ::getpid()});
    const int vfork_error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) {
        return tl::unexpected(vfork_error);
    }

    failure_writer.reset();
    if (const int error = read_failure(failure_reader.get()); error != 0) {
        reap(pid);
        return tl::unexpected(error);
    }
    Child child{pid, UniqueFd(open_pidfd(pid))};
    if (!child.pidfd.valid()) {
        const int error = errno;
        ::kill(-pid, SIGKILL);
        reap(pid);
        return tl::unexpected(error);
    }
    return child;
}

} // namespace ringcast::os
