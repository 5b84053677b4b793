#include "app/signals.hpp"

#include <array>
#include <csignal>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "support/in_child.hpp"

using namespace ringcast;
using namespace ringcast::app;

namespace {

bool is_ignored(int signal) {
    struct sigaction current{};
    ::sigaction(signal, nullptr, &current);
    return current.sa_handler == SIG_IGN;
}

/// The signals that `signals` has received, without waiting.
std::string received(int signals) {
    std::string text;
    signalfd_siginfo info{};
    while (::read(signals, &info, sizeof info) == sizeof info) {
        text += std::string(sigabbrev_np(static_cast<int>(info.ssi_signo))) + " ";
    }
    return text;
}

} // namespace

// In child processes, because signals belong to the whole process.

TEST_CASE("signals without a meaning do not end the process") {
    const bool alive = test_support::holds_in_child([] {
        set_signal_dispositions();
        for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGVTALRM, SIGPROF, SIGIO,
                                 SIGPWR, SIGSTKFLT, SIGXFSZ, SIGRTMIN, SIGRTMAX}) {
            ::raise(signal);
        }
        return true;
    });
    CHECK(alive);
}

TEST_CASE("signals that report a fault, and those that stop the server, are not ignored") {
    const bool held = test_support::holds_in_child([] {
        set_signal_dispositions();
        for (const int signal :
             {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
            if (is_ignored(signal)) {
                return false;
            }
        }
        return true;
    });
    CHECK(held);
}

TEST_CASE("a SIGCHLD that was inherited as ignored is reset") {
    const bool held = test_support::holds_in_child([] {
        static_cast<void>(std::signal(SIGCHLD, SIG_IGN));
        set_signal_dispositions();
        return !is_ignored(SIGCHLD);
    });
    CHECK(held);
}

TEST_CASE("SIGUSR1 is read although it is ignored where no server runs") {
    const std::string text = test_support::in_child([] {
        set_signal_dispositions();
        const auto signals = open_signals();
        if (!signals) {
            return signals.error().message;
        }
        ::fcntl(signals->get(), F_SETFL, O_NONBLOCK);
        ::raise(SIGUSR1);
        ::raise(SIGUSR2);
        return received(signals->get());
    });
    CHECK(text == "USR1 ");
}

TEST_CASE("SIGTERM, SIGINT, SIGQUIT and SIGHUP are read, and SIGHUP not if it is ignored") {
    for (const bool nohup : {false, true}) {
        const std::string text = test_support::in_child([nohup] {
            static_cast<void>(std::signal(SIGHUP, nohup ? SIG_IGN : SIG_DFL));
            const auto signals = open_signals();
            if (!signals) {
                return signals.error().message;
            }
            ::fcntl(signals->get(), F_SETFL, O_NONBLOCK);
            std::string names;
            for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) {
                ::raise(signal);
                names += received(signals->get());
            }
            return names;
        });
        CHECK(text == (nohup ? "TERM INT QUIT " : "TERM INT QUIT HUP "));
    }
}
