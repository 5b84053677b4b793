#include "input/child_process.hpp"

#include <csignal>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/wait.h>

#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::Asked;
using test::LogCapture;
using namespace std::chrono_literals;

constexpr ChildProcess::Tokens tokens{{io::OpKind::source, 2, 1}, {io::OpKind::source, 1, 1}};

/// A real child process in virtual time.
struct Bench : test::Driven {
    ~Bench() override {
        child.terminate();
        engine.pass(ChildProcess::kill_delay);
        child.on_deadline(engine.now());
        join();
    }
    Bench() = default;
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;

    void start(std::string script) {
        REQUIRE(child.start({"/bin/sh", "-c", std::move(script)}, tokens).has_value());
    }
    void take(const io::Completion& completion) override { child.on_completion(completion); }
    void join() {
        until([this] { return child.joined(); });
    }
    /// Everything that the program writes until it closes its output.
    std::string read_output() {
        std::string text;
        std::array<char, 4096> piece{};
        for (;;) {
            const ssize_t count = ::read(child.output(), piece.data(), piece.size());
            if (count <= 0) {
                return text;
            }
            text.append(piece.data(), static_cast<std::size_t>(count));
        }
    }
    /// The first line that the program writes, which shows that it has started.
    std::string read_line() {
        std::string text;
        char letter = 0;
        while (::read(child.output(), &letter, 1) == 1 && letter != '\n') {
            text += letter;
        }
        return text;
    }

    ChildProcess child{engine, "door"};
};

/// False when the process does not exist, or is a zombie.
bool process_lives(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && text.at(name_end + 2) != 'Z' &&
           text.at(name_end + 2) != 'X';
}

/// Of /proc/PID/status: bit 0 is signal 1.
std::uint64_t signal_mask(const std::string& status, const std::string& field) {
    return std::stoull(status.substr(status.find(field) + field.size()), nullptr, 16);
}

} // namespace

TEST_CASE("a child inherits no descriptors of the parent") {
    // Without close-on-exec, like a descriptor that our own parent left open.
    const UniqueFd leaky(fcntl(STDERR_FILENO, F_DUPFD, 50));
    REQUIRE(leaky.valid());
    REQUIRE(fcntl(leaky.get(), F_GETFD) == 0);
    Bench bench;
    REQUIRE(bench.child.start({"ls", "/proc/self/fd"}, tokens).has_value());
    // 3 is the folder that ls itself reads.
    CHECK(bench.read_output() == "0\n1\n2\n3\n");
}

TEST_CASE("a child reads nothing from its standard input") {
    Bench bench;
    bench.start("readlink /proc/self/fd/0; cat; echo over");
    CHECK(bench.read_output() == "/dev/null\nover\n");
}

TEST_CASE("a child begins with default signals although the parent has blocked and ignored some") {
    sigset_t mine;
    sigset_t before;
    sigemptyset(&mine);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGUSR1);
    REQUIRE(pthread_sigmask(SIG_BLOCK, &mine, &before) == 0);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    {
        Bench bench;
        REQUIRE(bench.child.start({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}, tokens)
                    .has_value());
        const std::string text = bench.read_output();
        CHECK(signal_mask(text, "SigBlk:") == 0);
        CHECK(signal_mask(text, "SigIgn:") == 0);
    }
    std::signal(SIGPIPE, pipe_before);
    REQUIRE(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
}

TEST_CASE("the exit status and the last five lines of standard error are logged") {
    LogCapture log;
    Bench bench;
    bench.start("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; printf unfinished >&2; exit 3");
    bench.join();
    CHECK(bench.child.end_description() == "exit status 3");
    CHECK(log.count("door: program: line", LogLevel::debug) == 7);
    CHECK(log.count("program: line 1", LogLevel::info) == 0);
    CHECK(log.count("door: the program ended (exit status 3)", LogLevel::warning) == 1);
    CHECK(log.count("last output", LogLevel::warning) == 5);
    CHECK(log.count("last output: line 3") == 0);
    CHECK(log.count("last output: line 4") == 1);
    CHECK(log.count("last output: unfinished") == 1);
}

TEST_CASE("the end of a child by a signal is logged") {
    Bench bench;
    bench.start("kill -SEGV $$");
    bench.join();
    CHECK(bench.child.end_description() == "signal SEGV");
}

TEST_CASE("a child is terminated together with all processes that it has started") {
    Bench bench;
    bench.start("sleep 1000 & echo $!; wait");
    const pid_t grandchild = std::stoi(bench.read_line());
    CHECK(process_lives(grandchild));
    bench.child.terminate();
    bench.join();
    CHECK(bench.child.end_description() == "signal TERM");
    // Nothing is killed after the join, so it must have ended without further delay: its last
    // descriptors are closed when it is seen to end.
    while (process_lives(grandchild)) {
        sched_yield();
    }
    SUCCEED("the grandchild has ended");
}

TEST_CASE("a child that ignores SIGTERM is killed after a while") {
    Bench bench;
    bench.start("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    CHECK(bench.read_line() == "ready");
    bench.child.terminate();
    CHECK(bench.child.deadline() == bench.engine.now() + ChildProcess::kill_delay);
    bench.engine.pass(ChildProcess::kill_delay - 1ms);
    bench.child.on_deadline(bench.engine.now());
    CHECK_FALSE(bench.child.joined());
    bench.engine.pass(1ms);
    bench.child.on_deadline(bench.engine.now());
    bench.join();
    CHECK(bench.child.end_description() == "signal KILL");
}

TEST_CASE("processes that a program leaves behind are terminated too") {
    Bench bench;
    bench.start("(trap '' TERM; echo ready; while :; do sleep 0.05; done) & read -r _; exit 0");
    CHECK(bench.read_line() == "ready");
    // The program has ended or is about to; its child keeps standard error open.
    while (bench.child.deadline() == never) {
        bench.take(bench.engine.answer_for_real());
    }
    CHECK_FALSE(bench.child.joined());
    bench.engine.pass(ChildProcess::kill_delay);
    bench.child.on_deadline(bench.engine.now());
    bench.join();
    CHECK(bench.child.end_description() == "exit status 0");
    CHECK(bench.read_output().empty()); // nobody holds it any more
}

TEST_CASE("a process that has left the group does not delay the join") {
    Bench bench;
    bench.start("setsid sh -c 'echo $$; exec sleep 1000' & wait $!");
    const pid_t escaped = std::stoi(bench.read_line());
    bench.child.terminate();
    while (bench.engine.find(Asked::poll, tokens.end) != nullptr) {
        bench.take(bench.engine.answer_for_real());
    }
    CHECK_FALSE(bench.child.joined());
    bench.engine.pass(ChildProcess::kill_delay);
    bench.child.on_deadline(bench.engine.now());
    bench.join();
    CHECK(process_lives(escaped));
    kill(escaped, SIGKILL);
}

TEST_CASE("a process that has left the group and writes without end does not delay the join") {
    Bench bench;
    bench.start("setsid sh -c 'echo $$; exec sleep 1000' & wait $!");
    const pid_t escaped = std::stoi(bench.read_line());
    bench.child.terminate();
    while (bench.engine.find(Asked::poll, tokens.end) != nullptr) {
        bench.take(bench.engine.answer_for_real());
    }
    bench.engine.pass(ChildProcess::kill_delay);
    bench.child.on_deadline(bench.engine.now());
    // Its output arrives before the cancel, which then finds no operation.
    std::string_view noise = "still here\n";
    bench.take(bench.engine.answer_read(tokens.standard_error, noise));
    static_cast<void>(bench.engine.answer(Asked::cancel, io::OpToken{}, -ENOENT));
    kill(escaped, SIGKILL);
    CHECK(bench.child.joined());
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a missing program is reported with the package to install") {
    Bench bench;
    const auto known = bench.child.start({"/nowhere/rpicam-vid", "-t", "0"}, tokens);
    REQUIRE_FALSE(known.has_value());
    CHECK(known.error().message == "'/nowhere/rpicam-vid' was not found: it is in the package "
                                   "rpicam-apps (sudo apt install rpicam-apps)");
    CHECK(known.error().reason == "the program was not found");
    const auto unknown = bench.child.start({"no-such-program-anywhere"}, tokens);
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().message == "'no-such-program-anywhere' was not found");
    const auto forbidden = bench.child.start({"/etc/passwd"}, tokens);
    REQUIRE_FALSE(forbidden.has_value());
    CHECK(forbidden.error().reason == "the program may not be executed");
    CHECK(bench.child.joined());
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a child can be started again after its end") {
    Bench bench;
    for (int run = 0; run < 3; ++run) {
        bench.start("echo once");
        CHECK(bench.read_output() == "once\n");
        bench.join();
        CHECK(bench.child.end_description() == "exit status 0");
    }
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1); // no zombie is left
    CHECK(errno == ECHILD);
}

} // namespace ringcast::input
