#include "app/terminal_screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace ringcast::app {

namespace {

// Sequences of xterm, which all terminals of today know (man 4 console_codes, and XTerm's ctlseqs).
constexpr std::string_view enter_sequence = "\x1b[?1049h" // alternate screen
                                            "\x1b[?25l"   // no cursor
                                            "\x1b[?7l";   // long lines are cut
constexpr std::string_view leave_sequence = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view cursor_home = "\x1b[H";
constexpr std::string_view clear_line_end = "\x1b[K";
constexpr std::string_view clear_below = "\x1b[J";
constexpr std::string_view reverse = "\x1b[7m";
constexpr std::string_view plain = "\x1b[0m";

/// As much as the terminal takes: it may be gone.
void write_all(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written < 0 && errno == EAGAIN) {
            pollfd room{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

sigset_t held_signals() noexcept {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
        ::sigaddset(&set, signal);
    }
    return set;
}

} // namespace

bool TerminalScreen::available() noexcept {
    const char* const type = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && type != nullptr && *type != '\0' &&
           std::string_view(type) != "dumb";
}

TerminalScreen::TerminalScreen() : reads_keys_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    const sigset_t held = held_signals();
    ::sigprocmask(SIG_BLOCK, &held, &signals_before_);
    signals_.reset(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
    enter();
}

TerminalScreen::~TerminalScreen() {
    leave();
    // A second Ctrl-C is not left for the shell's idea of how this program ended.
    signalfd_siginfo ignored{};
    while (::read(signals_.get(), &ignored, sizeof ignored) > 0) {
    }
    ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
}

void TerminalScreen::enter() noexcept {
    if (reads_keys_) {
        termios keys = before_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        keys.c_lflag |= ISIG;
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
    }
    write_all(enter_sequence);
}

void TerminalScreen::leave() noexcept {
    write_all(leave_sequence);
    if (reads_keys_) {
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }
}

TextSize TerminalScreen::size() const noexcept {
    winsize found{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) == 0 && found.ws_col > 0 && found.ws_row > 0) {
        return {found.ws_col, found.ws_row};
    }
    return {80, 24}; // a serial line does not say
}

void TerminalScreen::draw(std::span<const TopLine> lines) {
    // Written at once and over what was there, so that nothing flickers.
    std::string text(cursor_home);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text.append(i == 0 ? "" : "\r\n");
        text.append(lines[i].heading ? reverse : "").append(lines[i].text);
        text.append(lines[i].heading ? plain : "").append(clear_line_end);
    }
    write_all(text.append(clear_below));
}

TerminalScreen::Event TerminalScreen::wait(Duration time) {
    const auto until_timeout = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    std::array<pollfd, 2> waiting{
        {{signals_.get(), POLLIN, 0}, {reads_keys_ ? STDIN_FILENO : -1, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(),
               static_cast<int>(std::max<std::int64_t>(until_timeout, 0))) <= 0) {
        return Event::none;
    }
    if (waiting[0].revents != 0) {
        return take_signal();
    }
    return take_keys();
}

TerminalScreen::Event TerminalScreen::take_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) {
        return Event::none;
    }
    if (signal.ssi_signo == SIGWINCH) {
        return Event::resized;
    }
    if (signal.ssi_signo != SIGTSTP) {
        return Event::ended;
    }
    leave();
    ::raise(SIGSTOP);
    enter();
    return Event::resized;
}

TerminalScreen::Event TerminalScreen::take_keys() noexcept {
    std::array<char, 64> keys{};
    const ssize_t count = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (count <= 0) {
        return Event::ended; // the terminal is gone
    }
    const auto typed = std::span(keys).first(static_cast<std::size_t>(count));
    const bool quits =
        std::ranges::any_of(typed, [](char key) { return key == 'q' || key == 'Q'; });
    return quits ? Event::ended : Event::none;
}

} // namespace ringcast::app
