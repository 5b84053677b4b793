#include "input/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "input/package_hint.hpp"

namespace ringcast::input {

namespace {

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;
};

/// Both ends are empty when no descriptors are left.
Pipe make_pipe() noexcept {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return {};
    }
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

StartFailure describe_failure(const std::string& program, int error) {
    if (error == ENOENT) {
        const std::string_view package = package_of(program);
        return {
            package.empty()
                ? fmt::format("'{}' was not found", program)
                : fmt::format("'{}' was not found: it is in the package {} (sudo apt install {})",
                              program, package, package),
            "the program was not found"};
    }
    if (error == EACCES) {
        return {fmt::format("'{}' may not be executed: its permissions forbid it", program),
                "the program may not be executed"};
    }
    return {fmt::format("'{}' could not be started: {}", program, std::strerror(error)),
            "the program could not be started"};
}

std::string describe_end(const siginfo_t& info) {
    if (info.si_code == CLD_EXITED) {
        return fmt::format("exit status {}", info.si_status);
    }
    const char* name = sigabbrev_np(info.si_status);
    return name != nullptr ? fmt::format("signal {}", name)
                           : fmt::format("signal {}", info.si_status);
}

} // namespace

// --- starting ---

tl::expected<void, StartFailure> ChildProcess::start(const std::vector<std::string>& command,
                                                     const Tokens& tokens) {
    RINGCAST_ASSERT(joined());
    RINGCAST_ASSERT(!command.empty());
    Pipe output = make_pipe();
    Pipe error = make_pipe();
    if (!output.reader.valid() || !error.reader.valid()) {
        return tl::unexpected(describe_failure(command[0], EMFILE));
    }
    // Fails when the user's pipes use too much memory already; the default size suffices.
    static_cast<void>(fcntl(output.reader.get(), F_SETPIPE_SZ, output_pipe_bytes));

    auto spawned = os::spawn(command, {output.writer.get(), error.writer.get(), limits_});
    if (!spawned) {
        return tl::unexpected(describe_failure(command[0], spawned.error()));
    }
    pid_ = spawned->pid;
    pidfd_ = std::move(spawned->pidfd);
    output_ = std::move(output.reader);
    error_ = std::move(error.reader);
    tokens_ = tokens;
    leader_ended_ = false;
    error_ended_ = false;
    error_left_ = false;
    terminated_ = false;
    end_level_ = LogLevel::warning;
    kill_at_ = never;
    lines_.clear();
    engine_->poll(tokens_.end, pidfd_.get(), io::PollEvents::readable);
    read_standard_error();
    return {};
}

void ChildProcess::read_standard_error() noexcept {
    engine_->read(tokens_.standard_error, error_.get(), error_buffer_);
}

// --- running ---

void ChildProcess::on_completion(const io::Completion& completion) noexcept {
    if (joined()) {
        return;
    }
    if (completion.token == tokens_.end) {
        if (completion.result < 0) {
            // Its end can't be noticed any more, so it is killed.
            signal_group(SIGKILL);
        }
        on_leader_ended();
    } else if (completion.token == tokens_.standard_error) {
        on_standard_error(completion.result);
    }
}

void ChildProcess::on_standard_error(std::int32_t result) noexcept {
    RINGCAST_ASSERT(!error_ended_);
    const auto log_line = [this](std::string_view line) {
        log_stream(LogLevel::debug, stream_name_, "program: {}", line);
    };
    if (result > 0) {
        lines_.feed(as_text(ConstByteSpan(error_buffer_).first(static_cast<std::size_t>(result))),
                    log_line);
        // A read that completed despite the cancel is the last one: a process that never stops
        // writing would otherwise be read forever.
        if (!error_left_) {
            read_standard_error();
            return;
        }
    }
    lines_.finish(log_line);
    error_ended_ = true;
    join_if_over();
}

// --- ending ---

void ChildProcess::terminate(LogLevel level) noexcept {
    if (joined() || terminated_) {
        return;
    }
    terminated_ = true;
    end_level_ = level;
    signal_group(SIGTERM);
    kill_at_ = std::min(kill_at_, engine_->now() + kill_delay);
}

/// Processes that the program has started must not outlive it: the next run would find the camera
/// in use.
void ChildProcess::on_leader_ended() noexcept {
    RINGCAST_ASSERT(!leader_ended_);
    leader_ended_ = true;
    signal_group(SIGTERM);
    kill_at_ = std::min(kill_at_, engine_->now() + kill_delay);
    join_if_over();
}

void ChildProcess::on_deadline(Instant now) noexcept {
    if (now < kill_at_) {
        return;
    }
    kill_at_ = never;
    signal_group(SIGKILL);
    if (leader_ended_ && !error_ended_) {
        // A process that has left the group keeps standard error open.
        error_left_ = true;
        engine_->cancel(io::OpToken{}, tokens_.standard_error);
    }
}

void ChildProcess::signal_group(int signal) noexcept {
    // Until the leader is reaped, its pid can't be the id of another group.
    RINGCAST_ASSERT(pid_ > 0);
    kill(-pid_, signal);
}

void ChildProcess::join_if_over() noexcept {
    if (!leader_ended_ || !error_ended_) {
        return;
    }
    signal_group(SIGKILL); // those of the group that have closed standard error
    siginfo_t info{};
    // It has ended, so this does not wait. Fails only where a host that embeds the server ignores
    // SIGCHLD.
    const int reaped = waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
    end_description_ = reaped == 0 ? describe_end(info) : "exit status unknown";
    pid_ = 0;
    pidfd_.reset();
    error_.reset();
    kill_at_ = never;
    log_end();
}

void ChildProcess::log_end() noexcept {
    log_stream(end_level_, stream_name_, "the program ended ({})", end_description_);
    for (std::size_t i = 0; i < lines_.count(); ++i) {
        log_stream(end_level_, stream_name_, "its last output: {}", lines_.line(i));
    }
}

} // namespace ringcast::input
