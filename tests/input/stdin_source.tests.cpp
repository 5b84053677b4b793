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

TEST_CASE("silence on standard input is reported as such") {
    Pipe pipe;
    Bench bench(pipe.reader.get());
    bench.engine.pass(SignalTrouble::silence_time_max);
    bench.source.on_deadline(bench.engine.now());
    CHECK(bench.sink.reasons.back() == "no frames arrive from standard input");
}

} // namespace ringcast::input
