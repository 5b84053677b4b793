// Every kind of source on a real engine, with real descriptors in real time.

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "draw/placeholder_worker.hpp"
#include "input/exec_source.hpp"
#include "input/file_player.hpp"
#include "input/pattern_player.hpp"
#include "input/stdin_source.hpp"
#include "jpeg/stamp.hpp"
#include "kernel/tested_engine.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::kernel_test {

namespace {

using test::FakeSink;
using test::jpeg;
using test::TemporaryFile;
using test::TemporaryFolder;

constexpr std::size_t frame_max = 200'000;
constexpr io::StreamId stream{5, 1};

/// Runs an engine for one source, as the relay does for many.
class SourceLoop {
public:
    [[nodiscard]] io::Engine& engine() { return *engine_; }

    template <typename Take, typename Condition>
    void until(Take take, Condition condition, source::FrameSource* source) {
        // An emulated processor on a busy machine starts two programs a second.
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(3);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > give_up) {
                throw std::runtime_error("a condition did not become true within 3 minutes");
            }
            const Instant soon = engine_->now() + std::chrono::milliseconds(100);
            const Instant due = source != nullptr ? source->deadline() : never;
            std::array<io::Completion, 16> completions;
            const std::size_t count = engine_->submit_and_reap(completions, std::min(soon, due), 1);
            for (std::size_t i = 0; i < count; ++i) {
                take(completions[i]);
            }
            if (source != nullptr && source->deadline() <= engine_->now()) {
                source->on_deadline(engine_->now());
            }
        }
    }
    template <typename Condition>
    void until(source::FrameSource& source, Condition condition) {
        until(
            [&](const io::Completion& completion) {
                if (completion.token.kind == io::OpKind::source) {
                    CHECK(io::source_token_stream(completion.token) == stream);
                    source.on_completion(completion);
                }
            },
            condition, &source);
    }
    void stop(source::FrameSource& source, const FakeSink& sink) {
        source.stop();
        until(source, [&] { return source.stopped(); });
        CHECK(sink.slots_with_source() == 0);
        CHECK(source.deadline() == never);
    }

private:
    std::unique_ptr<io::Engine> engine_ = std::move(test::make_tested_engine().value());
};

} // namespace

TEST_CASE("a program's frames arrive, through its restarts") {
    const std::string frame = jpeg(150'000);
    const TemporaryFile file(frame + frame + frame);
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::ExecSource source(loop.engine(), "door", {.command = {"cat", file.path()}});
    source.start(sink, stream);
    loop.until(source, [&] { return sink.frames.size() >= 6; });
    for (const std::string& published : sink.frames) {
        CHECK(published == frame);
    }
    CHECK(source.counters().restarts >= 1);
    CHECK(sink.reasons.size() >= 3); // starting, ended, starting
    loop.stop(source, sink);
}

TEST_CASE("a program that writes frames endlessly is stopped") {
    const TemporaryFile file(jpeg(50'000));
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::ExecSource source(
        loop.engine(), "door",
        {.command = {"/bin/sh", "-c",
                     "while :; do cat " + file.path() + "; echo noise >&2; done"}});
    source.start(sink, stream);
    loop.until(source, [&] { return sink.frames.size() >= 50; });
    loop.stop(source, sink);
    CHECK(source.counters().frames_damaged == 0);
}

TEST_CASE("standard input is read, whether or not its descriptor blocks") {
    for (const int flags : {O_CLOEXEC, O_CLOEXEC | O_NONBLOCK}) {
        std::array<int, 2> ends{};
        REQUIRE(pipe2(ends.data(), flags) == 0);
        const UniqueFd reader(ends[0]);
        UniqueFd writer(ends[1]);
        const std::string frame = jpeg(20'000);
        SourceLoop loop;
        FakeSink sink(frame_max);
        input::StdinSource source(loop.engine(), "door", reader.get());
        source.start(sink, stream);
        for (std::size_t count = 1; count <= 20; ++count) {
            // All earlier frames have been published, so the source waits for this write.
            REQUIRE(::write(writer.get(), frame.data(), frame.size()) ==
                    static_cast<ssize_t>(frame.size()));
            loop.until(source, [&] { return sink.frames.size() == count; });
        }
        writer.reset();
        loop.until(source, [&] { return !sink.ends.empty(); });
        loop.stop(source, sink);
        CHECK(sink.ends == std::vector<std::string>{"input ended"});
    }
}

TEST_CASE("a regular file on standard input is read to its end") {
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += jpeg(30'000);
    }
    const TemporaryFile file(many);
    const UniqueFd fd(open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::StdinSource source(loop.engine(), "door", fd.get());
    source.start(sink, stream);
    loop.until(source, [&] { return !sink.ends.empty(); });
    CHECK(sink.frames.size() == 100);
    loop.stop(source, sink);
}

TEST_CASE("a silent standard input is stopped") {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::StdinSource source(loop.engine(), "door", reader.get());
    source.start(sink, stream);
    loop.stop(source, sink);
    CHECK(sink.ends.empty());
}

TEST_CASE("the pattern's frames arrive, each whole and in order") {
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::PatternSource source(loop.engine(), "test", config::PatternConfig{{320, 240}, 200, 80});
    source.start(sink, stream);
    loop.until(source, [&] { return sink.frames.size() >= 100; });
    loop.stop(source, sink);
    for (std::size_t i = 0; i < sink.frames.size(); ++i) {
        const ConstByteSpan frame = as_bytes(sink.frames[i]);
        const auto stamp = jpeg::read_stamp(frame);
        REQUIRE(stamp.has_value());
        CHECK(stamp->sequence == i + 1);
        CHECK(stamp->crc == jpeg::stamp_checksum(frame));
    }
}

TEST_CASE("a folder's files arrive, including one that is moved in") {
    const TemporaryFolder folder;
    folder.write("a.jpg", jpeg(100, 'a'));
    SourceLoop loop;
    FakeSink sink(frame_max);
    input::FileSource source(loop.engine(), "door", folder.path(), 0.001);
    source.start(sink, stream);
    loop.until(source, [&] { return sink.frames.size() == 1; });
    folder.move_in("b.jpg", jpeg(100, 'b'));
    loop.until(source, [&] { return sink.frames.size() == 2; });
    CHECK(sink.frames[1] == jpeg(100, 'b'));
    loop.stop(source, sink);
}

TEST_CASE("a \"no signal\" picture is signalled") {
    SourceLoop loop;
    const auto painter = std::move(draw::PlaceholderWorker::create(loop.engine()).value());
    const auto take = [&](const io::Completion& completion) { painter->on_completion(completion); };
    painter->request(io::StreamId{0, 1}, "door", "input ended", 320, 240);
    loop.until(take, [&] { return !painter->picture(io::StreamId{0, 1}).empty(); }, nullptr);
    painter->stop();
    loop.until(take, [&] { return painter->stopped(); }, nullptr);
}

} // namespace ringcast::kernel_test
