#include "app/init_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace ringcast::app {

namespace {

/// All signals except those that report a fault of this process and those of job control.
sigset_t forwarded_signals() noexcept {
    sigset_t set;
    sigfillset(&set);
    for (const int signal :
         {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU}) {
        sigdelset(&set, signal);
    }
    return set;
}

/// Reaps every process that has ended. Returns the exit code of `server` if it was among them.
std::optional<int> reap_all(pid_t server) noexcept {
    constexpr int exit_code_of_signal = 128; // as shells report it
    int status = 0;
    // Bounded by the number of processes that have ended.
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (ended == server) {
            return WIFSIGNALED(status) ? exit_code_of_signal + WTERMSIG(status)
                                       : WEXITSTATUS(status);
        }
    }
    return std::nullopt;
}

[[noreturn]] void serve_as_init(pid_t server, const sigset_t& signals) noexcept {
    for (;;) {
        const int signal = ::sigwaitinfo(&signals, nullptr);
        if (signal == SIGCHLD) {
            if (const auto exit_code = reap_all(server)) {
                ::_exit(*exit_code); // the kernel then ends all processes that are left
            }
        } else if (signal > 0) {
            ::kill(server, signal);
        }
    }
}

} // namespace

Result<void> fork_if_init() {
    if (::getpid() != 1) {
        return {};
    }
    // Blocked before the fork, so that none is lost. An ignored SIGCHLD would reap by itself, and
    // discard the exit code.
    const sigset_t signals = forwarded_signals();
    sigset_t before;
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    const pid_t server = ::fork();
    if (server > 0) {
        serve_as_init(server, signals);
    }
    const int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (server < 0) {
        return fail("as the first process of a container, ringcast needs a second one, which can't "
                    "be started: " +
                    std::string(std::strerror(error)));
    }
    return {};
}

} // namespace ringcast::app
