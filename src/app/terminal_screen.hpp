#pragma once
// Shows lines of text on a terminal, all of it, until the user wants no more. The terminal is as
// before when the object is gone, also after a signal that ends or stops the program.

#include <csignal>
#include <span>
#include <string_view>

#include <termios.h>

#include "app/top_text.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::app {

class TerminalScreen {
public:
    enum class Event {
        none,
        resized, ///< draw again
        ended,   ///< by the user (q, Ctrl-C), by a signal, or with the terminal
    };

    /// True if standard output is a terminal that knows the usual escape sequences.
    [[nodiscard]] static bool available() noexcept;

    TerminalScreen();
    ~TerminalScreen();
    TerminalScreen(const TerminalScreen&) = delete;
    TerminalScreen& operator=(const TerminalScreen&) = delete;
    TerminalScreen(TerminalScreen&&) = delete;
    TerminalScreen& operator=(TerminalScreen&&) = delete;

    [[nodiscard]] TextSize size() const noexcept;
    void draw(std::span<const TopLine> lines);
    /// Waits for at most `time`.
    [[nodiscard]] Event wait(Duration time);

private:
    void enter() noexcept;
    void leave() noexcept;
    [[nodiscard]] Event take_signal();
    [[nodiscard]] static Event take_keys() noexcept;

    sigset_t signals_before_{};
    UniqueFd signals_;
    termios before_{};
    bool reads_keys_; ///< standard input is a terminal too
};

} // namespace ringcast::app
