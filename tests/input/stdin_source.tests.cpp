#include "input/stdin_source.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>

#include "base/unique_fd.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::jpeg;
using test::TemporaryFile;
using namespace std::chrono_literals;

struct Bench : test::SourceBench<StdinSource> {
    explicit Bench(int fd) : SourceBench(100'000, io::StreamId{0, 1}, "door", fd) {}
};

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        RINGCAST_ASSERT(pipe2(ends.data(), O_CLOEXEC) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
    void write(const std::string& bytes) const {
        REQUIRE(::write(writer.get(), bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()));
    }
    UniqueFd reader;
    UniqueFd writer;
};

} // namespace

TEST_CASE("frames of standard input are published until it ends, and its end is final") {
    Pipe pipe;
    Bench bench(pipe.reader.get());
    CHECK(bench.sink.reasons == std::vector<std::string>{"waiting for standard input"});
    const std::string frame = jpeg(500);
    pipe.write(frame);
    bench.until([&] { return bench.sink.frames.size() == 1; });
    pipe.write(frame + "rest");
    bench.until([&] { return bench.sink.frames.size() == 2; });
    CHECK(bench.sink.ends.empty());
    pipe.writer.reset();
    bench.until([&] { return !bench.sink.ends.empty(); });
    CHECK(bench.sink.ends == std::vector<std::string>{"input ended"});
    CHECK(bench.sink.reasons.back() == "input ended");
    CHECK(bench.engine.operations.empty());
    CHECK(bench.source.deadline() == never);
    CHECK_FALSE(bench.source.stopped());
    bench.source.stop();
    CHECK(bench.source.stopped());
}

TEST_CASE("standard input may be a regular file") {
    std::string many;
    for (int i = 0; i < 50; ++i) {
        many += jpeg(9000);
    }
    const TemporaryFile file(many);
    const UniqueFd fd(open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
    Bench bench(fd.get());
    bench.until([&] { return !bench.sink.ends.empty(); });
    CHECK(bench.sink.frames.size() == 50);
}

TEST_CASE("a failed read of standard input is its end too") {
    Pipe pipe;
    Bench bench(pipe.writer.get()); // the end that only writes; ready, as poll has it, on closing
    pipe.reader.reset();
    bench.until([&] { return !bench.sink.ends.empty(); });
    CHECK(bench.sink.ends == std::vector<std::string>{"standard input can't be read"});
}

TEST_CASE("standard input without a frame ends with what was seen") {
    const auto end_of = [](const std::string& content) {
        const TemporaryFile file(content);
        const UniqueFd fd(open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
        Bench bench(fd.get());
        bench.until([&] { return !bench.sink.ends.empty(); });
        CHECK(bench.sink.reasons.back() == bench.sink.ends[0]);
        return bench.sink.ends[0];
    };
    CHECK(end_of("") == "standard input ended without a byte");
    CHECK(end_of("\x89PNG\r\n\x1A\n" + std::string(2000, 'x')) ==
          "standard input is PNG, not JPEG");
    CHECK(end_of("No such device\n") == "standard input is text, not JPEG");
    CHECK(end_of(std::string(3000, '\0')) ==
          "standard input ended after 3000 bytes without a JPEG");
    CHECK(end_of(jpeg(3000).substr(0, 2000)) == "standard input ended without a whole JPEG");
    CHECK(end_of(jpeg(300'000)) ==
          "standard input ended, and no frame was within [memory] frame_max");
}

TEST_CASE("a video on standard input that does not end is given up") {
    Pipe pipe;
    Bench bench(pipe.reader.get());
    pipe.write(std::string("\0\0\0\x01\x67\x42", 6) + std::string(5000, '\x55'));
    bench.until([&] { return bench.source.counters().reads > 0; });
    bench.engine.pass(source::SignalTrouble::silence_time_max - 1ms);
    bench.source.on_deadline(bench.engine.now());
    CHECK(bench.engine.find(test::Asked::cancel, io::OpToken{}) == nullptr);
    bench.engine.pass(1ms);
    bench.source.on_deadline(bench.engine.now());
    bench.until([&] { return !bench.sink.ends.empty(); });
    CHECK(bench.sink.ends == std::vector<std::string>{"standard input is H.264, not JPEG"});
}

TEST_CASE("text before the first frame on standard input is waited through") {
    Pipe pipe;
    Bench bench(pipe.reader.get());
    pipe.write("starting the camera\n");
    bench.until([&] { return bench.source.counters().reads > 0; });
    bench.engine.pass(1h);
    bench.source.on_deadline(bench.engine.now());
    pipe.write(jpeg(500));
    bench.until([&] { return bench.sink.frames.size() == 1; });
    CHECK(bench.sink.ends.empty());
}

TEST_CASE("silence on standard input is reported as such") {
    Pipe pipe;
    Bench bench(pipe.reader.get());
    bench.engine.pass(source::SignalTrouble::silence_time_max);
    bench.source.on_deadline(bench.engine.now());
    CHECK(bench.sink.reasons.back() == "no frames arrive from standard input");
}

} // namespace ringcast::input
