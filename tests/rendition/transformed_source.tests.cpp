#include "rendition/transformed_source.hpp"

#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using rendition::TransformedSource;

namespace {

constexpr io::StreamId stream_id{3, 1};
constexpr std::size_t frame_bytes_max = 1000;
constexpr auto period = 100ms;
const config::OverlayConfig text{"%H:%M", config::Corner::top_left};

/// Publishes what the test tells it to.
class Original final : public source::FrameSource {
public:
    void start(source::FrameSink& to, io::StreamId /*stream*/) noexcept override { sink = &to; }
    void on_completion(const io::Completion& completion) noexcept override {
        tokens.push_back(completion.token);
    }
    [[nodiscard]] Instant deadline() const noexcept override { return never; }
    void on_deadline(Instant /*now*/) noexcept override {}
    void set_watched(bool now) noexcept override { watched = now; }
    void stop() noexcept override { stopping = true; }
    [[nodiscard]] bool stopped() const noexcept override { return stopping; }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return own_counters;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "original"; }

    source::FrameSink* sink = nullptr;
    bool watched = false;
    bool stopping = false;
    std::vector<io::OpToken> tokens;
    source::SourceCounters own_counters;
};

/// Finishes a task when the test says so.
class Worker final : public source::PictureWorkers {
public:
    [[nodiscard]] std::uint32_t idle() const noexcept override { return task ? 0 : 1; }
    [[nodiscard]] bool begin(const source::PictureTask& begun) noexcept override {
        if (refuses) {
            return false;
        }
        task = begun;
        return true;
    }
    void on_completion(const io::Completion& /*completion*/) noexcept override {}
    [[nodiscard]] std::optional<source::PictureAnswer> next_answer() noexcept override {
        return std::exchange(answer, std::nullopt);
    }
    void stop() noexcept override { stopping = true; }
    [[nodiscard]] bool stopped() const noexcept override { return stopping && !task; }

    std::optional<source::PictureTask> task;
    std::optional<source::PictureAnswer> answer;
    bool refuses = false;
    bool stopping = false;
};

class Bench {
public:
    Bench()
        : sink(frame_bytes_max, 4), inner_(frame_bytes_max, TransformedSource::slots_min),
          source({engine,
                  settings,
                  original,
                  inner_.arena(),
                  {},
                  target(),
                  text,
                  [this](io::OpToken made) {
                      token = made;
                      auto worker_made = std::make_unique<Worker>();
                      worker = worker_made.get();
                      return Result<std::unique_ptr<source::PictureWorkers>>(
                          std::move(worker_made));
                  }}) {
        source.start(sink, stream_id);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() {
        source.stop();
        if (worker->task) {
            CHECK_FALSE(source.stopped());
            finish("after the end");
        }
        CHECK(source.stopped());
        CHECK(sink.slots_with_source() == 0);
        CHECK(inner_.slots_with_source() == 0);
    }

    static source::PictureTarget target() {
        source::PictureTarget target;
        target.eighths = 8;
        target.quality = 0;
        target.turn = {Rotation::by_90, true};
        return target;
    }
    /// The original has a new frame, a period after the one before.
    void frame(std::string_view jpeg) {
        engine.pass(period);
        publish(jpeg);
    }
    void publish(std::string_view jpeg) {
        frame::WritableSlot slot = original.sink->take_slot();
        REQUIRE(slot.valid());
        std::memcpy(slot.payload().data(), jpeg.data(), jpeg.size());
        frame::FrameInfo info;
        info.jpeg_offset = slot.payload_offset();
        info.jpeg_bytes = jpeg.size();
        info.width = 64;
        info.height = 48;
        info.captured = engine.wall_now();
        info.captured_at = engine.now();
        original.sink->publish(std::move(slot), info);
    }
    /// The worker has made `jpeg` of its task.
    void finish(std::string_view jpeg) {
        REQUIRE(worker->task);
        std::memcpy(worker->task->into.data(), jpeg.data(), jpeg.size());
        source::PictureAnswer done;
        done.bytes = jpeg.size();
        done.width = 48;
        done.height = 64;
        done.lossless = true;
        done.time = 5ms;
        answer(done);
    }
    void fail(source::PictureFailure failure, std::string_view reason = {}) {
        source::PictureAnswer failed;
        failed.failure = failure;
        failed.reason = reason;
        answer(failed);
    }
    /// What the worker is at; empty if it is idle.
    [[nodiscard]] std::string in_work() const {
        return worker->task ? std::string(as_text(worker->task->jpeg)) : std::string();
    }
    [[nodiscard]] source::PictureStatus status() const { return source.picture().value(); }

    test::FakeEngine engine;
    stream::StreamSettings settings;
    Original original;
    test::FakeSink sink;
    Worker* worker = nullptr;
    io::OpToken token;

private:
    void answer(const source::PictureAnswer& answer) {
        worker->task.reset();
        worker->answer = answer;
        io::Completion completion;
        completion.token = token;
        source.on_completion(completion);
    }

    test::FakeSink inner_; ///< for its arena

public:
    TransformedSource source;
};

using Texts = std::vector<std::string>;

} // namespace

TEST_CASE("a turned frame is published with the capture time of the original") {
    Bench bench;
    bench.source.set_watched(true);
    CHECK(bench.original.watched);
    bench.frame("one");
    const Instant captured_at = bench.engine.now();
    const WallTime captured = bench.engine.wall_now();
    CHECK(bench.in_work() == "one");
    CHECK(bench.worker->task->target == Bench::target());
    REQUIRE(bench.worker->task->overlay != nullptr);
    CHECK(*bench.worker->task->overlay == text);
    CHECK(bench.worker->task->captured == captured);
    bench.engine.pass(30ms);
    bench.finish("eno");
    CHECK(bench.sink.frames == Texts{"eno"});
    CHECK(bench.sink.infos[0].captured_at == captured_at);
    CHECK(bench.sink.infos[0].captured == captured);
    CHECK(bench.sink.infos[0].width == 48);
    CHECK(bench.sink.infos[0].height == 64);
    CHECK(bench.status().overlay);
    CHECK(bench.status().made == 1);
    CHECK(bench.status().lossless == 1);
    CHECK(bench.status().how == "lossless");
    CHECK(bench.status().work.sum() == Duration(5ms));
    CHECK(bench.source.kind() == "original");
}

TEST_CASE("the newest frame is turned when the worker is idle, and the others are counted") {
    Bench bench;
    bench.source.set_watched(true);
    bench.frame("one");
    bench.frame("two");
    bench.frame("three");
    CHECK(bench.in_work() == "one");
    bench.finish("1");
    CHECK(bench.in_work() == "three");
    bench.finish("3");
    CHECK(bench.in_work().empty());
    CHECK(bench.sink.frames == Texts{"1", "3"});
    CHECK(bench.status().missed == 1);
}

TEST_CASE("completions of the original's operations are passed on") {
    Bench bench;
    io::Completion completion;
    completion.token = io::source_token(stream_id, 0, 1);
    bench.source.on_completion(completion);
    CHECK(bench.original.tokens == std::vector{completion.token});
}

TEST_CASE("nothing is turned while nobody watches, and the stream is paused") {
    Bench bench;
    bench.frame("one");
    bench.frame("two");
    CHECK(bench.in_work().empty());
    CHECK(bench.sink.pauses == 1);
    CHECK(bench.status().missed == 0);
    bench.source.set_watched(true); // the newest frame is there at once
    CHECK(bench.in_work() == "two");
    bench.finish("2");
    bench.frame("three");
    bench.source.set_watched(false);
    CHECK_FALSE(bench.original.watched);
    CHECK(bench.sink.pauses == 2);
    bench.finish("3"); // would be a sign of life of a stream that is paused
    CHECK(bench.sink.frames == Texts{"2"});
    bench.source.set_watched(true);
    bench.frame("four");
    bench.finish("4");
    CHECK(bench.sink.frames == Texts{"2", "4"});
}

TEST_CASE("a frame that is not fresh any more when somebody comes to watch is not turned") {
    Bench bench;
    bench.frame("one");
    bench.frame("two");
    bench.engine.pass(1min);
    bench.source.set_watched(true);
    CHECK(bench.in_work().empty());
    bench.frame("three");
    CHECK(bench.in_work() == "three");
}

TEST_CASE("frames that are far apart are turned also while nobody watches") {
    Bench bench;
    bench.frame("one");
    CHECK(bench.sink.pauses == 1); // its rate is not known yet
    bench.engine.pass(1min);
    bench.frame("two");
    CHECK(bench.in_work() == "two");
    bench.finish("2");
    CHECK(bench.sink.frames == Texts{"2"});
    CHECK(bench.sink.pauses == 1);
}

TEST_CASE("while the original has no signal none of its earlier frames is published") {
    Bench bench;
    bench.source.set_watched(true);
    bench.frame("one");
    bench.frame("two");
    SECTION("lost") {
        bench.original.sink->signal_lost("unplugged");
        CHECK(bench.sink.reasons == Texts{"unplugged"});
    }
    SECTION("awaited") {
        bench.original.sink->signal_awaited("it begins");
        CHECK(bench.sink.reasons == Texts{"it begins"});
    }
    SECTION("paused") {
        bench.original.sink->pause();
        CHECK(bench.sink.pauses == 1);
    }
    SECTION("ended") {
        bench.original.sink->ended("input ended");
        CHECK(bench.sink.ends == Texts{"input ended"});
    }
    bench.finish("1");
    CHECK(bench.in_work().empty());
    CHECK(bench.sink.frames.empty());
    bench.frame("three");
    CHECK(bench.in_work() == "three");
    bench.finish("3");
    CHECK(bench.sink.frames == Texts{"3"});
}

TEST_CASE("a stream without signal is not paused when its last viewer leaves") {
    Bench bench;
    bench.source.set_watched(true);
    bench.frame("one");
    bench.original.sink->signal_lost("unplugged");
    bench.source.set_watched(false);
    CHECK(bench.sink.pauses == 0);
    bench.finish("1");
    bench.frame("two"); // the signal is back
    CHECK(bench.sink.pauses == 1);
    CHECK(bench.sink.frames.empty());
}

TEST_CASE("frames that can't be turned are counted by reason, and the next one is tried") {
    using source::PictureFailure;
    Bench bench;
    bench.source.set_watched(true);
    bench.frame("one");
    bench.fail(PictureFailure::damaged);
    bench.frame("two");
    bench.fail(PictureFailure::oversized);
    bench.frame("three");
    bench.fail(PictureFailure::no_memory);
    bench.worker->refuses = true;
    bench.frame("four");
    bench.worker->refuses = false;
    bench.sink.slots_withheld = true;
    bench.frame("five");
    bench.sink.slots_withheld = false;
    CHECK(bench.status().damaged == 1);
    CHECK(bench.status().oversized == 1);
    CHECK(bench.status().failed == 2);
    CHECK(bench.status().without_slot == 1);
    CHECK(bench.sink.reasons.empty());
    bench.frame("six");
    bench.fail(PictureFailure::unsupported, "its colours are CMYK");
    CHECK(bench.sink.reasons == Texts{"its colours are CMYK"});
    bench.frame("seven");
    bench.finish("7");
    CHECK(bench.sink.frames == Texts{"7"});
}

TEST_CASE("a source that is stopped while a frame is turned waits for the worker") {
    Bench bench;
    bench.source.set_watched(true);
    bench.frame("one"); // the rest is in the destructor
}

TEST_CASE("without a worker the stream has no signal, and the original is never started") {
    test::FakeEngine engine;
    stream::StreamSettings settings;
    Original original;
    test::FakeSink sink(frame_bytes_max);
    test::FakeSink inner(frame_bytes_max);
    test::LogCapture logged;
    TransformedSource source(
        {engine, settings, original, inner.arena(), {}, Bench::target(), {}, [](io::OpToken) {
             return fail("no descriptor is left");
         }});
    source.start(sink, stream_id);
    CHECK(original.sink == nullptr);
    CHECK(sink.reasons == Texts{"no thread is available for changing its pictures"});
    CHECK(logged.count("no descriptor is left", LogLevel::error) == 1);
    source.set_watched(true);
    CHECK(source.deadline() == never);
    source.stop();
    CHECK(source.stopped());
    CHECK_FALSE(original.stopping);
}
