#pragma once
// One run of a program at a time: started with a clean environment of signals and descriptors, its
// standard error in our log, its end seen through the engine, ended with everything that it started.
// Does not know what its output is.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "input/line_tail.hpp"
#include "io/engine.hpp"

namespace ringcast::input {

/// Why a program could not be started: one line for the log, one for viewers.
struct StartFailure {
    std::string message; ///< names the program and, where it is known, what to install
    std::string reason;  ///< names nothing
};

class ChildProcess {
public:
    /// Between the polite signal and the one that can't be refused.
    static constexpr Duration kill_delay = std::chrono::seconds(2);
    /// Room for several frames, so that a busy loop does not hold the program up. The most that an
    /// ordinary user may ask for by default (/proc/sys/fs/pipe-max-size).
    static constexpr int output_pipe_bytes = 1024 * 1024;

    struct Tokens {
        io::OpToken end;            ///< the poll that sees the program end
        io::OpToken standard_error; ///< reads of it
    };

    ChildProcess(io::Engine& engine, std::string_view stream_name) noexcept
        : engine_(&engine), stream_name_(stream_name) {}

    /// `command` is the program (searched for in PATH) and its arguments. Nothing runs any more.
    /// The new program blocks the loop until it has been loaded, about a millisecond.
    [[nodiscard]] tl::expected<void, StartFailure> start(const std::vector<std::string>& command,
                                                         const Tokens& tokens);
    /// The read end of its standard output, open until `joined` and `close_output`.
    [[nodiscard]] int output() const noexcept { return output_.get(); }
    void close_output() noexcept { output_.reset(); }

    /// The answer to an operation under one of the tokens.
    void on_completion(const io::Completion& completion) noexcept;
    /// Asks the program and all of its group to end.
    void terminate() noexcept;
    /// True exactly when there is no program, none of its group, and no operation of ours.
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
    Tokens tokens_;

    pid_t pid_ = 0; ///< of the leader, and so of the group; 0: nothing runs
    UniqueFd pidfd_;
    UniqueFd output_;
    UniqueFd error_;
    bool leader_ended_ = false; ///< but is not reaped: its number still names the group
    bool error_ended_ = true;   ///< no read of standard error is under way
    bool error_left_ = false;   ///< what still comes on standard error is not waited for
    bool terminated_ = false;   ///< by us
    Instant kill_at_ = never;

    LineTail lines_;
    std::array<std::byte, 4096> error_buffer_{};
    std::string end_description_;
};

} // namespace ringcast::input
