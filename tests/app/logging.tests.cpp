#include "app/logging.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/log_lines.hpp"
#include "base/unique_fd.hpp"

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;

namespace {

/// Two ends of a channel for log lines; restores the log at the end.
struct Channel {
    UniqueFd reader;
    UniqueFd writer;

    Channel() = default;
    Channel(Channel&&) = default;
    ~Channel() {
        set_log_sink(nullptr);
        set_log_level(LogLevel::info);
    }

    /// Everything that has arrived; never waits.
    [[nodiscard]] std::string read() const {
        std::string text;
        std::array<char, 4096> buffer{};
        for (ssize_t count = 0;
             (count = ::recv(reader.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0 ||
             (count < 0 && errno == ENOTSOCK &&
              (count = ::read(reader.get(), buffer.data(), buffer.size())) > 0);) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
};

Channel make_pipe() {
    Channel channel;
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    channel.reader.reset(ends[0]);
    channel.writer.reset(ends[1]);
    REQUIRE(::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    return channel;
}

Channel make_socket_pair() {
    Channel channel;
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    channel.reader.reset(ends[0]);
    channel.writer.reset(ends[1]);
    return channel;
}

/// Logs until a line is dropped; the bound is far beyond every buffer.
int fill(std::uint64_t dropped_before) {
    constexpr int lines_max = 100'000;
    int lines = 0;
    while (log_lines_dropped() == dropped_before && lines < lines_max) {
        log(LogLevel::info, "line {} {}", lines++, std::string(200, 'x'));
    }
    REQUIRE(lines < lines_max);
    return lines;
}

} // namespace

TEST_CASE("a line contains a time, a level and its text") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {}, LogLevel::info);
    log(LogLevel::warning, "viewer {} is slow", 7);
    CHECK_THAT(channel.read(),
               Matches(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} warning viewer 7 is slow\n)"));
}

TEST_CASE("lines below the level are not logged") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {}, LogLevel::warning);
    log(LogLevel::info, "quiet");
    CHECK(channel.read().empty());
    log(LogLevel::error, "loud");
    CHECK_THAT(channel.read(), EndsWith(" error loud\n"));
}

TEST_CASE("lines for the journal contain priorities and no time") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::debug);
    log(LogLevel::debug, "a");
    log(LogLevel::info, "b");
    log(LogLevel::warning, "c");
    log(LogLevel::error, "d");
    CHECK(channel.read() == "<7>a\n<6>b\n<4>c\n<3>d\n");
}

TEST_CASE("lines for a terminal contain the level in colour") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.colour = true}, LogLevel::info);
    log(LogLevel::error, "text");
    CHECK_THAT(channel.read(), EndsWith(" \033[31merror\033[0m text\n"));
}

TEST_CASE("control characters of a line don't reach the terminal") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::info);
    log(LogLevel::info, "a\nb\033[2Jc\x7f\u009b\u202e\xff{}", std::string(3000, 'y'));
    const std::string line = channel.read();
    CHECK_THAT(line, StartsWith("<6>a?b?[2Jc????yyy"));
    CHECK(line.size() <= 1004);
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("lines for a full pipe or socket are dropped, counted, and reported afterwards") {
    for (const bool socket : {false, true}) {
        CAPTURE(socket);
        const Channel channel = socket ? make_socket_pair() : make_pipe();
        start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::info);
        const std::uint64_t before = log_lines_dropped();
        const int lines = fill(before);
        log(LogLevel::info, "lost too");
        log(LogLevel::info, "and lost");
        CHECK(log_lines_dropped() == before + 3);

        const std::string first = channel.read();
        CHECK_THAT(first, ContainsSubstring(fmt::format("<6>line {} ", lines - 2)));
        CHECK_THAT(first, !ContainsSubstring(fmt::format("<6>line {} ", lines - 1)));
        CHECK_THAT(first, EndsWith("x\n"));
        log(LogLevel::info, "there again");
        log(LogLevel::info, "and well");
        CHECK(
            channel.read() ==
            "<4>3 log lines were lost because the log was not read\n<6>there again\n<6>and well\n");
        CHECK(log_lines_dropped() == before + 3);
    }
}

TEST_CASE("a message is written to a pipe, a socket, a file or nothing at all") {
    const std::string text = std::string(10'000, 'm') + "\n";
    const std::uint64_t before = log_lines_dropped();
    for (const bool socket : {false, true}) {
        CAPTURE(socket);
        const Channel channel = socket ? make_socket_pair() : make_pipe();
        write_message(channel.writer.get(), text);
        CHECK(channel.read() == text);
    }
    const UniqueFd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    write_message(file.get(), text);
    struct stat status{};
    REQUIRE(::fstat(file.get(), &status) == 0);
    CHECK(status.st_size == static_cast<off_t>(text.size()));
    CHECK(log_lines_dropped() == before);
    write_message(-1, text);
    CHECK(log_lines_dropped() == before + 1);
}

TEST_CASE("a message for a full pipe or socket is dropped and counted") {
    for (const bool socket : {false, true}) {
        CAPTURE(socket);
        const Channel channel = socket ? make_socket_pair() : make_pipe();
        start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::info);
        fill(log_lines_dropped());
        const std::uint64_t before = log_lines_dropped();
        write_message(channel.writer.get(), "Ringcast: watch at\n");
        CHECK(log_lines_dropped() == before + 1);
        CHECK_THAT(channel.read(), !ContainsSubstring("Ringcast"));
    }
}

TEST_CASE("a message that fits in part is cut, and the rest is counted as one line") {
    const Channel channel = make_pipe();
    const auto capacity = static_cast<std::size_t>(::fcntl(channel.writer.get(), F_GETPIPE_SZ));
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t before = log_lines_dropped();
    write_message(channel.writer.get(), std::string(capacity + 10'000, 'm'));
    const std::string written = channel.read();
    CHECK(written.find_first_not_of('m') == std::string::npos);
    CHECK(written.size() <= capacity);
    // The kernel calls a pipe full when each of its pages is in use, the last one in part.
    CHECK(written.size() > capacity - page);
    CHECK(log_lines_dropped() == before + 1);
}

TEST_CASE("the flags of the shared open file description do not change") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {}, LogLevel::info);
    log(LogLevel::info, "x");
    CHECK((::fcntl(channel.writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("lines are appended to a file that other processes write to as well") {
    Channel channel;
    channel.writer.reset(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE(channel.writer.valid());
    REQUIRE(::write(channel.writer.get(), "before\n", 7) == 7);
    start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::info);
    log(LogLevel::info, "x");
    REQUIRE(::write(channel.writer.get(), "after\n", 6) == 6);
    std::array<char, 100> content{};
    const ssize_t count = ::pread(channel.writer.get(), content.data(), content.size(), 0);
    CHECK(std::string(content.data(), static_cast<std::size_t>(count)) == "before\n<6>x\nafter\n");
}

TEST_CASE("the journal is recognised by device and inode, not by the variable alone") {
    using config::LogFormat;
    const Channel channel = make_socket_pair();
    struct stat status{};
    REQUIRE(::fstat(channel.writer.get(), &status) == 0);
    const std::string right = fmt::format("{}:{}", status.st_dev, status.st_ino);
    REQUIRE(::setenv("JOURNAL_STREAM", right.c_str(), 1) == 0);
    const LogStyle there = log_style_of(channel.writer.get(), std::nullopt);
    CHECK(there.for_journal);
    CHECK(there.format == LogFormat::journal);
    CHECK(log_style_of(channel.writer.get(), LogFormat::text).for_journal);
    CHECK(log_style_of(channel.writer.get(), LogFormat::json).format == LogFormat::json);
    CHECK_FALSE(log_style_of(channel.reader.get(), std::nullopt).for_journal);
    REQUIRE(::unsetenv("JOURNAL_STREAM") == 0);
    const LogStyle elsewhere = log_style_of(channel.writer.get(), std::nullopt);
    CHECK_FALSE(elsewhere.for_journal);
    CHECK_FALSE(elsewhere.colour);
    CHECK(elsewhere.format == LogFormat::text);
}

TEST_CASE("lines as JSON are objects with the stream beside the message") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.format = config::LogFormat::json}, LogLevel::info);
    log_stream(LogLevel::warning, "door", "no signal: \"{}\" ended", R"(C:\cam)");
    log(LogLevel::info, "plain");
    CHECK_THAT(channel.read(),
               Matches(R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"warning",)"
                       R"("stream":"door","message":"no signal: \\"C:\\\\cam\\" ended"\}\n)"
                       R"(\{"time":"[^"]*","level":"info","message":"plain"\}\n)"));
}

TEST_CASE("the longest line as JSON is written in one piece") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.format = config::LogFormat::json}, LogLevel::info);
    log(LogLevel::info, "{}", std::string(3000, '"'));
    CHECK_THAT(channel.read(), EndsWith("\\\"\"}\n"));
}

TEST_CASE("the time of a line as JSON is in UTC, with milliseconds") {
    const LogLine line{LogLevel::error, "x", {}, "x"};
    CHECK(log_json(line, WallTime(std::chrono::milliseconds(1'767'225'599'007))) ==
          R"({"time":"2025-12-31T23:59:59.007Z","level":"error","message":"x"})"
          "\n");
}

TEST_CASE("a line for the journal has a field for its stream") {
    CHECK(journal_fields({LogLevel::warning, "stream door: slow", "door", "slow"}) ==
          "MESSAGE=stream door: slow\nPRIORITY=4\nSYSLOG_IDENTIFIER=ringcast\n"
          "RINGCAST_STREAM=door\n");
    CHECK(journal_fields({LogLevel::info, "plain", {}, "plain"}) ==
          "MESSAGE=plain\nPRIORITY=6\nSYSLOG_IDENTIFIER=ringcast\n");
}

TEST_CASE("a line about a stream begins with its name, also when it is cut") {
    const Channel channel = make_pipe();
    start_logging(channel.writer.get(), {.for_journal = true}, LogLevel::info);
    log_stream(LogLevel::info, "door", "a\nb{}", std::string(3000, 'y'));
    const std::string line = channel.read();
    CHECK_THAT(line, StartsWith("<6>stream door: a?byyy"));
    CHECK(line.size() == 1004);
}
