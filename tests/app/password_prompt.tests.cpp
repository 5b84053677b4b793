#include "app/password_prompt.hpp"

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
    void write(std::string_view text) const {
        REQUIRE(::write(writing.get(), text.data(), text.size()) ==
                static_cast<ssize_t>(text.size()));
    }
    UniqueFd reading;
    UniqueFd writing;
};

/// The password that is read from a pipe with `text`, or the error.
std::string piped(const std::string& text) {
    Pipe pipe;
    pipe.write(text);
    pipe.writing.reset();
    SecretLine password;
    const auto asked = ask_for_password({pipe.reading.get(), -1}, "anna", password);
    return asked ? std::string(password.text()) : "error: " + asked.error().message;
}

/// A person at a terminal who types a line after each question.
class Typist {
public:
    explicit Typist(std::vector<std::string> lines) {
        int user = -1;
        int program = -1;
        REQUIRE(::openpty(&user, &program, nullptr, nullptr, nullptr) == 0);
        user_.reset(user);
        program_.reset(program);
        thread_ = std::thread([this, lines = std::move(lines)] { type(lines); });
    }
    Typist(const Typist&) = delete;
    Typist& operator=(const Typist&) = delete;
    Typist(Typist&&) = delete;
    Typist& operator=(Typist&&) = delete;
    ~Typist() { end(); }

    /// The program's end of the terminal.
    [[nodiscard]] int terminal() const { return program_.get(); }
    [[nodiscard]] bool shows_what_is_typed() const {
        termios settings{};
        return ::tcgetattr(program_.get(), &settings) == 0 && (settings.c_lflag & ECHO) != 0;
    }
    /// All that the terminal has shown.
    std::string end() {
        if (thread_.joinable()) {
            thread_.join();
            program_.reset();
            while (read_some()) {
            }
        }
        return shown_;
    }

private:
    /// False at the end, for which Linux reports EIO.
    bool read_some() {
        std::array<char, 256> piece{};
        const ssize_t count = ::read(user_.get(), piece.data(), piece.size());
        shown_.append(piece.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
        return count > 0;
    }
    void type(const std::vector<std::string>& lines) {
        std::size_t begin = 0;
        for (const std::string& line : lines) {
            while (shown_.find(": ", begin) == std::string::npos && read_some()) {
            }
            begin = shown_.find(": ", begin) + 2;
            static_cast<void>(::write(user_.get(), line.data(), line.size()));
        }
    }

    UniqueFd user_;
    UniqueFd program_;
    std::string shown_;
    std::thread thread_;
};

} // namespace

TEST_CASE("from a pipe a password is the first line") {
    CHECK(piped("secret\n") == "secret");
    CHECK(piped("secret") == "secret");
    CHECK(piped(" a:b c\xC3\xA4 \nmore\n") == " a:b c\xC3\xA4 ");
    CHECK(piped(std::string(511, 'x') + "\n") == std::string(511, 'x'));
}

TEST_CASE("what is no password is refused") {
    for (const char* text : {"", "\n", "\nsecret\n"}) {
        CHECK_THAT(piped(text), ContainsSubstring("an empty password"));
    }
    for (const std::string text : {"secret\r\n", "sec\tret\n", "sec\x7Fret\n"}) {
        const std::string error = piped(text);
        CHECK_THAT(error, ContainsSubstring("control character"));
        CHECK(error.find("ret") == std::string::npos);
    }
    CHECK_THAT(piped(std::string("a\0b\n", 4)), ContainsSubstring("control character"));
    CHECK_THAT(piped(std::string(512, 'x') + "\n"), ContainsSubstring("at most 511 bytes"));
}

TEST_CASE("what follows the password in a pipe is left there") {
    const Pipe pipe;
    pipe.write("first\nsecond\n");
    SecretLine password;
    const Console console{pipe.reading.get(), -1};
    REQUIRE(ask_for_password(console, "anna", password).has_value());
    CHECK(password.text() == "first");
    REQUIRE(ask_for_password(console, "bob", password).has_value());
    CHECK(password.text() == "second");
}

TEST_CASE("a terminal does not show the password, and shows other text again afterwards") {
    Typist typist({"secret\n", "secret\n"});
    SecretLine password;
    const auto asked = ask_for_password({typist.terminal(), typist.terminal()}, "anna", password);
    INFO((asked ? std::string() : asked.error().message));
    REQUIRE(asked.has_value());
    CHECK(password.text() == "secret");
    CHECK(typist.shows_what_is_typed());
    CHECK(typist.end() == "New password of anna: \r\nThe same password again: \r\n");
}

TEST_CASE("passwords that differ are refused") {
    Typist typist({"secret\n", "Secret\n"});
    SecretLine password;
    const auto asked = ask_for_password({typist.terminal(), typist.terminal()}, "anna", password);
    REQUIRE_FALSE(asked.has_value());
    CHECK(asked.error().message == "the two passwords differ: nothing has changed, try again");
    CHECK(typist.shows_what_is_typed());
}

TEST_CASE("an empty line or the end of the input at a terminal is no password") {
    for (const char* typed : {"\n", "\x04"}) {
        Typist typist({typed});
        SecretLine password;
        const auto asked =
            ask_for_password({typist.terminal(), typist.terminal()}, "anna", password);
        REQUIRE_FALSE(asked.has_value());
        CHECK_THAT(asked.error().message, ContainsSubstring("an empty password"));
        CHECK(typist.shows_what_is_typed());
    }
}

TEST_CASE("a secret line is overwritten when it is cleared") {
    SecretLine line;
    REQUIRE(line.append('a'));
    const char* const bytes = line.text().data();
    line.clear();
    CHECK(*bytes == '\0');
    CHECK(line.text().empty());
}

} // namespace ringcast::app
