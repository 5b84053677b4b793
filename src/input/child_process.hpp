#pragma once
// Runs a program, one run at a time: starts it with default signals and without our descriptors,
// logs its standard error, notices its end through the engine, and ends its whole process group.
// Does not interpret its output.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "input/line_tail.hpp"
#include "io/engine.hpp"
#include "os/spawn.hpp"

namespace ringcast::input {

/// Why a program could not be started: one line for the log, one for viewers.
struct StartFailure {
    std::string message; ///< names the program and, if known, the package to install
    std::string reason;  ///< without names
};

class ChildProcess {
public:
    /// Between SIGTERM and SIGKILL.
    static constexpr Duration kill_delay = std::chrono::seconds(2);
    /// Room for several frames, so that a busy loop does not block the program. The most that an
    /// unprivileged user may request by default (/proc/sys/fs/pipe-max-size).
    static constexpr int output_pipe_bytes = 1024 * 1024;

    struct Tokens {
        io::OpToken end;            ///< the poll for the end of the program
        io::OpToken standard_error; ///< reads of it
    };

    /// Programs start with the soft limits `limits`.
    ChildProcess(io::Engine& engine, std::string_view stream_name,
                 const os::SoftLimits& limits = {}) noexcept
        : engine_(&engine), stream_name_(stream_name), limits_(limits) {}

    /// `command` is the program (searched for in PATH) and its arguments. The last run is joined.
    /// Blocks the loop until the program has been loaded, about a millisecond.
    [[nodiscard]] tl::expected<void, StartFailure> start(const std::vector<std::string>& command,
                                                         const Tokens& tokens);
    /// The read end of its standard output, open until `close_output`.
    [[nodiscard]] int output() const noexcept { return output_.get(); }
    void close_output() noexcept { output_.reset(); }

    /// Takes the completion of an operation under one of the tokens.
    void on_completion(const io::Completion& completion) noexcept;
    /// Sends SIGTERM to the program's process group, and SIGKILL later. Its end and its last output
    /// are logged at `level`. No-op if it was called before.
    void terminate(LogLevel level = LogLevel::debug) noexcept;
    /// True exactly when neither a process of the group nor an operation is left.
    [[nodiscard]] bool joined() const noexcept { return pid_ == 0; }
    /// How the last run ended: "exit status 1", "signal SEGV".
    [[nodiscard]] const std::string& end_description() const noexcept { return end_description_; }

    [[nodiscard]] Instant deadline() const noexcept { return kill_at_; }
    void on_deadline(Instant now) noexcept;

private:
    void on_leader_ended() noexcept;
    void on_standard_error(std::int32_t result) noexcept;
    void read_standard_error() noexcept;
    void join_if_over() noexcept;
    void log_end() noexcept;
    void signal_group(int signal) noexcept;

    io::Engine* engine_;
    std::string_view stream_name_;
    os::SoftLimits limits_;
    Tokens tokens_;

    pid_t pid_ = 0; ///< of the leader, and so of the group; 0: no run
    UniqueFd pidfd_;
    UniqueFd output_;
    UniqueFd error_;
    bool leader_ended_ = false; ///< not reaped yet, so its pid still names the group
    bool error_ended_ = true;   ///< no read of standard error is under way
    bool error_left_ = false;   ///< further standard error is not waited for
    bool terminated_ = false;   ///< by `terminate`
    LogLevel end_level_ = LogLevel::warning;
    Instant kill_at_ = never;

    LineTail lines_;
    std::array<std::byte, 4096> error_buffer_{};
    std::string end_description_;
};

} // namespace ringcast::input
