#include "os/spawn.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/in_child.hpp"

namespace ringcast::os {

namespace {

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
            reader.reset(ends[0]);
            writer.reset(ends[1]);
        }
    }
    /// Everything that arrives until all writers have closed it.
    std::string read() {
        writer.reset();
        std::string text;
        std::array<char, 4096> piece{};
        for (ssize_t count = 0; (count = ::read(reader.get(), piece.data(), piece.size())) > 0;) {
            text.append(piece.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
};

/// What a program writes to both outputs before its end.
std::string output_of(const std::vector<std::string>& command, const SoftLimits& limits = {}) {
    Pipe pipe;
    const auto child = spawn(command, {pipe.writer.get(), pipe.writer.get(), limits});
    if (!child) {
        return "not started";
    }
    std::string text = pipe.read();
    ::waitpid(child->pid, nullptr, 0);
    return text;
}

std::string shell(const std::string& script, const SoftLimits& limits = {}) {
    return output_of({"/bin/sh", "-c", script}, limits);
}

bool set_soft_limit(decltype(RLIMIT_NOFILE) resource, rlim_t soft) {
    rlimit limit{};
    ::getrlimit(resource, &limit);
    limit.rlim_cur = soft;
    return ::setrlimit(resource, &limit) == 0;
}

} // namespace

TEST_CASE("a program starts with the soft limits that its parent had before raising them") {
    // In a child process, because limits belong to the whole process.
    const std::string text = test_support::in_child([] {
        set_soft_limit(RLIMIT_NOFILE, 200);
        set_soft_limit(RLIMIT_MEMLOCK, 64 * 1024);
        const SoftLimits before = soft_limits();
        set_soft_limit(RLIMIT_NOFILE, 300);
        set_soft_limit(RLIMIT_MEMLOCK, 128 * 1024);
        const std::string show = "ulimit -Sn; ulimit -Sl";
        return shell(show, before) + shell(show) + std::to_string(*soft_limits().open_files);
    });
    CHECK(text == "200\n64\n300\n128\n300");
}

TEST_CASE("a soft limit above the hard limit is lowered to it") {
    const std::string text = test_support::in_child([] {
        const rlimit limit{100, 150};
        ::setrlimit(RLIMIT_NOFILE, &limit);
        return shell("ulimit -Sn; ulimit -Hn", {.open_files = 1000, .locked_memory = {}});
    });
    CHECK(text == "150\n150\n");
}

TEST_CASE("a program inherits neither blocked nor ignored signals") {
    const std::string text = test_support::in_child([] {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        for (int signal = 1; signal < NSIG; ++signal) {
            static_cast<void>(std::signal(signal, SIG_IGN));
        }
        // Or the kernel would reap children by itself.
        static_cast<void>(std::signal(SIGCHLD, SIG_DFL));
        return output_of({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"});
    });
    const std::string none = "0000000000000000\n";
    CHECK(text == "SigBlk:\t" + none + "SigIgn:\t" + none);
}

TEST_CASE("the parent's signal mask and handlers do not change") {
    const bool held = test_support::holds_in_child([] {
        sigset_t some;
        sigemptyset(&some);
        sigaddset(&some, SIGTERM);
        ::sigprocmask(SIG_SETMASK, &some, nullptr);
        static_cast<void>(std::signal(SIGUSR1, SIG_IGN));
        shell("exit 0");
        sigset_t now;
        ::sigprocmask(SIG_SETMASK, nullptr, &now);
        struct sigaction user{};
        ::sigaction(SIGUSR1, nullptr, &user);
        return sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGINT) == 0 &&
               user.sa_handler == SIG_IGN;
    });
    CHECK(held);
}

TEST_CASE("a program's descriptors are right although its parent has closed the standard ones") {
    const std::string text = test_support::in_child([] {
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            ::close(fd);
        }
        return shell("readlink /proc/self/fd/0; echo out; echo err >&2; ls /proc/self/fd");
    });
    CHECK(text == "/dev/null\nout\nerr\n0\n1\n2\n3\n"); // 3 is the folder that ls reads
}

TEST_CASE("the errno of a program that can't be started is returned, and no child is left") {
    const std::string missing = "/nowhere/at/all";
    for (const auto& [command, error] :
         {std::pair(missing, ENOENT), std::pair(std::string("/etc/passwd"), EACCES)}) {
        const Pipe pipe;
        const auto child = spawn({command}, {pipe.writer.get(), pipe.writer.get(), {}});
        REQUIRE_FALSE(child.has_value());
        CHECK(child.error() == error);
    }
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a program ends when its parent is killed") {
    // The parent is a child of this process, which adopts the program: it can so wait for its end.
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    Pipe number;
    const pid_t parent = ::fork();
    REQUIRE(parent >= 0);
    if (parent == 0) {
        const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
        const auto child = spawn({"sleep", "1000"}, {null.get(), null.get(), {}});
        const pid_t pid = child ? child->pid : 0;
        [[maybe_unused]] const ssize_t written = ::write(number.writer.get(), &pid, sizeof pid);
        for (;;) {
            ::pause();
        }
    }
    pid_t program = 0;
    REQUIRE(::read(number.reader.get(), &program, sizeof program) == sizeof program);
    REQUIRE(program > 0);
    ::kill(parent, SIGKILL);
    REQUIRE(::waitpid(parent, nullptr, 0) == parent);
    int status = 0;
    CHECK(::waitpid(program, &status, 0) == program);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
    REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
}

} // namespace ringcast::os
