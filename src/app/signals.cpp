#include "app/signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/signalfd.h>

namespace ringcast::app {

namespace {

// All whose default action ends the process, except those that stop the server, report a fault of
// the process itself, or enforce a limit on processor time. SIGPIPE and SIGXFSZ come from writing
// to a log whose reader is gone or whose file is full. SIGUSR1 has no meaning until there is a
// server, which reads it.
constexpr std::array ignored_signals{SIGUSR1,   SIGUSR2, SIGPIPE, SIGALRM, SIGSTKFLT,
                                     SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGXFSZ};

bool is_ignored(int signal) noexcept {
    struct sigaction current{};
    return ::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

} // namespace

void set_signal_dispositions() noexcept {
    for (const int signal : ignored_signals) {
        static_cast<void>(std::signal(signal, SIG_IGN));
    }
    for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
        static_cast<void>(std::signal(signal, SIG_IGN));
    }
    static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
}

bool has_terminal() noexcept {
    return UniqueFd(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)).valid();
}

Result<UniqueFd> open_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) {
        sigaddset(&set, signal);
    }
    if (!is_ignored(SIGHUP)) {
        sigaddset(&set, SIGHUP);
    }
    if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
        return fail("signals can't be blocked: " + std::string(std::strerror(error)));
    }
    UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC));
    if (!signals.valid()) {
        return fail("signals can't be read: " + std::string(std::strerror(errno)));
    }
    return signals;
}

} // namespace ringcast::app
