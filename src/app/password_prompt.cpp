#include "app/password_prompt.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include <fmt/core.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "http/field_syntax.hpp"

namespace ringcast::app {

namespace {

enum class LineEnd { complete, input_ended, too_long, failed, signal };

/// Holds back the signals that end or stop a program, and makes the terminal `fd` show nothing of
/// what is typed, both for its lifetime. A signal that arrived meanwhile takes effect afterwards.
class QuietTerminal {
public:
    explicit QuietTerminal(int fd) noexcept : fd_(fd) {
        sigset_t held{};
        ::sigemptyset(&held);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) {
            ::sigaddset(&held, signal);
        }
        ::sigprocmask(SIG_BLOCK, &held, &signals_before_);
        signals_.reset(::signalfd(-1, &held, SFD_CLOEXEC));
        if (::tcgetattr(fd_, &before_) == 0) {
            termios quiet = before_;
            quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            quiet.c_lflag |= ECHONL | ICANON | ISIG;
            changed_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
        }
    }
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;
    QuietTerminal(QuietTerminal&&) = delete;
    QuietTerminal& operator=(QuietTerminal&&) = delete;
    ~QuietTerminal() {
        if (changed_) {
            ::tcsetattr(fd_, TCSAFLUSH, &before_);
        }
        ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
    }

    /// False if the terminal would show what is typed.
    [[nodiscard]] bool quiet() const noexcept { return changed_ && signals_.valid(); }
    /// False when a signal has arrived, which it leaves pending.
    [[nodiscard]] bool wait_for_input() const noexcept {
        std::array<pollfd, 2> waiting{{{fd_, POLLIN, 0}, {signals_.get(), POLLIN, 0}}};
        while (::poll(waiting.data(), waiting.size(), -1) < 0 && errno == EINTR) {
        }
        return waiting[1].revents == 0;
    }

private:
    int fd_;
    sigset_t signals_before_{};
    UniqueFd signals_;
    termios before_{};
    bool changed_ = false;
};

/// Byte by byte, so that what follows the line is left for the next reader of the same input.
/// `wait` returns false to end the reading.
template <typename Wait>
LineEnd read_line(int fd, SecretLine& line, Wait wait) {
    line.clear();
    bool fits = true;
    while (true) {
        if (!wait()) {
            return LineEnd::signal;
        }
        char c = 0;
        const ssize_t count = ::read(fd, &c, 1);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return LineEnd::failed;
        }
        if (count == 0 || c == '\n') {
            return !fits        ? LineEnd::too_long
                   : count == 0 ? LineEnd::input_ended
                                : LineEnd::complete;
        }
        fits = line.append(c) && fits;
    }
}

Result<void> check_line(LineEnd end, std::string_view line) {
    if (end == LineEnd::failed) {
        return fail(fmt::format("the password can't be read: {}", std::strerror(errno)));
    }
    if (end == LineEnd::too_long) {
        return fail(fmt::format("the password is too long, expected at most {} bytes",
                                access::password_bytes_max));
    }
    if (line.empty()) {
        return fail("found an empty password, which would let everybody in: expected 1 to " +
                    std::to_string(access::password_bytes_max) + " bytes");
    }
    // RFC 7617, section 2.
    if (std::ranges::any_of(line, http::is_control_character)) {
        return fail("the password contains a control character, which clients can't send; is its "
                    "line from a file with Windows line ends?");
    }
    return {};
}

Result<void> ask_on_terminal(const Console& console, const std::string& question,
                             SecretLine& line) {
    LineEnd end = LineEnd::signal;
    while (end == LineEnd::signal) {
        const QuietTerminal terminal(console.input);
        if (!terminal.quiet()) {
            return fail("the terminal can't be told not to show the password: give the password on "
                        "standard input");
        }
        if (::write(console.questions, question.data(), question.size()) < 0) {
            return fail(fmt::format("the question for the password can't be written: {}",
                                    std::strerror(errno)));
        }
        end = read_line(console.input, line, [&] { return terminal.wait_for_input(); });
        // A program that was stopped asks again when it continues.
    }
    return check_line(end, line.text());
}

} // namespace

bool SecretLine::append(char c) noexcept {
    if (size_ == bytes_.size()) {
        return false;
    }
    bytes_[size_] = c;
    ++size_;
    return true;
}

void SecretLine::clear() noexcept {
    ::explicit_bzero(bytes_.data(), bytes_.size());
    size_ = 0;
}

Result<void> ask_for_password(const Console& console, std::string_view name, SecretLine& password) {
    if (::isatty(console.input) == 0) {
        const LineEnd end = read_line(console.input, password, [] { return true; });
        return check_line(end, password.text());
    }
    if (auto asked = ask_on_terminal(console, fmt::format("New password of {}: ", name), password);
        !asked) {
        return asked;
    }
    SecretLine again;
    if (auto asked = ask_on_terminal(console, "The same password again: ", again); !asked) {
        return asked;
    }
    if (again.text() != password.text()) {
        return fail("the two passwords differ: nothing has changed, try again");
    }
    return {};
}

} // namespace ringcast::app
