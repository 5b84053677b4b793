#include "app/make_source.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>

#include "base/unique_fd.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::app {

namespace {

std::string kind_of(config::SourceConfig source) {
    test::FakeEngine engine;
    config::StreamConfig stream;
    stream.name = "door";
    stream.source = std::move(source);
    auto made = make_source(stream, {engine, nullptr});
    return made.has_value() ? std::string((*made)->kind()) : made.error().message;
}

/// Replaces standard input for its lifetime.
class StandardInput {
public:
    explicit StandardInput(int fd) : before_(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) {
        RINGCAST_ASSERT(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    }
    StandardInput(const StandardInput&) = delete;
    StandardInput& operator=(const StandardInput&) = delete;
    StandardInput(StandardInput&&) = delete;
    StandardInput& operator=(StandardInput&&) = delete;
    ~StandardInput() {
        if (before_.valid()) {
            dup2(before_.get(), STDIN_FILENO);
        } else {
            close(STDIN_FILENO);
        }
    }

private:
    UniqueFd before_;
};

} // namespace

TEST_CASE("each kind of source is created from its configuration") {
    const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    const StandardInput input(null.get());
    CHECK(kind_of(config::PatternConfig{}) == "pattern");
    CHECK(kind_of(config::ExecConfig{{"ffmpeg", "-version"}}) == "exec");
    CHECK(kind_of(config::StdinConfig{}) == "stdin");
    CHECK(kind_of(config::FileConfig{"/nowhere", std::nullopt}) == "file");
    CHECK(kind_of(config::UpstreamConfig{}) == "http");
}

TEST_CASE("an upstream server whose credentials can't be read is an error") {
    config::UpstreamConfig upstream;
    upstream.credentials_file = "/nowhere/door";
    CHECK(kind_of(upstream) ==
          "the credentials in /nowhere/door can't be read: No such file or directory");
}

TEST_CASE("the period of a source is that of its configured rate, and zero where there is none") {
    using namespace std::chrono_literals;
    config::PatternConfig pattern;
    pattern.fps = 0.1;
    CHECK(configured_period(pattern) == 10s);
    config::LibcameraConfig camera;
    camera.fps = 25;
    CHECK(configured_period(camera) == 40ms);
    CHECK(configured_period(config::FileConfig{"/nowhere", 0.5}) == 2s);
    CHECK(configured_period(config::FileConfig{"/nowhere", std::nullopt}) == 0s);
    CHECK(configured_period(config::ExecConfig{{"true"}}) == 0s);
    CHECK(configured_period(config::StdinConfig{}) == 0s);
    config::UpstreamConfig upstream;
    CHECK(configured_period(upstream) == 0s);
    upstream.poll = 20s;
    CHECK(configured_period(upstream) == 20s);
}

TEST_CASE("a terminal as standard input is rejected with an example of the correct use") {
    const UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(terminal.valid());
    const StandardInput input(terminal.get());
    const std::string message = kind_of(config::StdinConfig{});
    CHECK(message.starts_with("standard input is a terminal"));
    CHECK(message.find("| ringcast -") != std::string::npos);
}

} // namespace ringcast::app
