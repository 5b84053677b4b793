#include "input/frame_thread.hpp"

#include <atomic>
#include <new>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "os/clock.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::Asked;
using test::drive;
using test::FakeEngine;
using test::FakeSink;
using test::jpeg;
using namespace std::chrono_literals;

constexpr std::size_t frame_max = 10'000;
constexpr io::OpToken token = io::source_token({1, 1}, 0, 1);

struct Bench : test::Driven {
    explicit Bench(FrameThread::Body body) { REQUIRE(thread.begin(sink, token, std::move(body))); }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override {
        thread.stop();
        until([this] { return thread.idle(); });
        CHECK(sink.slots_with_source() == 0);
        CHECK(engine.operations.empty());
        CHECK(thread.deadline() == never);
    }
    void take(const io::Completion& completion) override { thread.on_completion(completion); }

    source::SourceCounters counters;
    FakeSink sink{frame_max};
    FrameThread thread{engine, counters};
};

void write_frame(FrameThread::Worker& worker, ByteSpan payload, const std::string& frame,
                 bool repaired = false) {
    std::memcpy(payload.data(), frame.data(), frame.size());
    frame::FrameInfo info;
    info.jpeg_offset = worker.payload_offset();
    info.jpeg_bytes = frame.size();
    worker.hand_over(info, repaired);
}

/// Hands over `count` frames as fast as there are slots, then waits for its end.
FrameThread::Body make_frames(std::size_t count) {
    return [count](FrameThread::Worker& worker) {
        for (std::size_t made = 0; made < count;) {
            const ByteSpan payload = worker.payload();
            if (!payload.empty()) {
                write_frame(worker, payload, jpeg(made + 1));
                ++made;
            } else if (worker.sleep_until(os::monotonic_now() + 1ms) ==
                       FrameThread::Worker::Wake::stop) {
                return;
            }
        }
        static_cast<void>(worker.sleep_until(never));
    };
}

} // namespace

TEST_CASE("a thread without memory says so and goes on") {
    std::atomic<int> failures{2};
    const FrameThread::Body body = make_frames(3);
    Bench bench([&](FrameThread::Worker& worker) {
        if (failures.fetch_sub(1) > 0) {
            throw std::bad_alloc();
        }
        body(worker);
    });
    bench.until([&] { return bench.sink.frames.size() == 3; });
    CHECK(bench.sink.reasons == std::vector<std::string>{"out of memory", "out of memory"});
}

TEST_CASE("a thread without memory can be stopped") {
    Bench bench([](FrameThread::Worker&) { throw std::bad_alloc(); });
    bench.until([&] { return !bench.sink.reasons.empty(); });
}

TEST_CASE("frames of a thread are published whole and in order") {
    constexpr std::size_t count = 500;
    Bench bench(make_frames(count));
    bench.until([&] { return bench.sink.frames.size() == count; });
    for (std::size_t i = 0; i < count; ++i) {
        REQUIRE(bench.sink.frames[i] == jpeg(i + 1));
    }
    CHECK(bench.counters.frames == count);
    CHECK(bench.sink.slots_with_source() <= FrameThread::slots_max);
}

TEST_CASE("a sleeping thread ends when it is asked to stop") {
    Bench bench(make_frames(0));
    bench.thread.stop();
    bench.thread.stop();
    bench.until([&] { return bench.thread.idle(); });
    CHECK(bench.sink.frames.empty());
}

TEST_CASE("a thread that is asked to stop while frames are queued publishes no more") {
    Bench bench(make_frames(100'000));
    bench.until([&] { return bench.sink.frames.size() >= 10; });
    bench.thread.stop();
    const std::size_t published = bench.sink.frames.size();
    bench.until([&] { return bench.thread.idle(); });
    CHECK(bench.sink.frames.size() == published);
}

TEST_CASE("a thread finds a slot for the first frame, however late the loop is") {
    /// Leaves a thread that has already begun enough time to look for slots.
    struct SlowSink final : FakeSink {
        using FakeSink::FakeSink;
        [[nodiscard]] frame::WritableSlot take_slot() noexcept override {
            std::this_thread::sleep_for(50ms);
            return FakeSink::take_slot();
        }
    };
    FakeEngine engine;
    source::SourceCounters counters;
    SlowSink sink(frame_max);
    FrameThread thread(engine, counters);
    std::atomic<bool> found{false};
    REQUIRE(thread.begin(
        sink, token, [&found](FrameThread::Worker& worker) { found = !worker.payload().empty(); }));
    drive(
        engine, [&](const io::Completion& completion) { thread.on_completion(completion); },
        [&] { return thread.idle(); });
    CHECK(found);
    CHECK(sink.slots_with_source() == 0);
}

TEST_CASE("when slots are short the loop tries again, and the thread continues") {
    FakeEngine engine;
    source::SourceCounters counters;
    FakeSink sink(frame_max);
    FrameThread thread(engine, counters);
    sink.slots_withheld = true;
    REQUIRE(thread.begin(sink, token, make_frames(20)));
    CHECK(thread.deadline() == engine.now() + FrameThread::slot_retry_time);
    thread.on_deadline(engine.now());
    CHECK(sink.slots_with_source() == 0);
    sink.slots_withheld = false;
    engine.pass(FrameThread::slot_retry_time);
    thread.on_deadline(engine.now());
    CHECK(thread.deadline() == never);
    const auto take = [&](const io::Completion& completion) { thread.on_completion(completion); };
    drive(engine, take, [&] { return sink.frames.size() == 20; });
    thread.stop();
    drive(engine, take, [&] { return thread.idle(); });
}

TEST_CASE("reasons and frames of a thread keep their order") {
    Bench bench([](FrameThread::Worker& worker) {
        // More than fit into the queue: the thread waits for the loop and loses none.
        for (int i = 0; i < 100; ++i) {
            worker.report("reason " + std::to_string(i));
        }
        worker.frames_oversized = 6;
        worker.frames_damaged = 7;
        ByteSpan payload;
        while ((payload = worker.payload()).empty()) {
            static_cast<void>(worker.sleep_until(os::monotonic_now() + 1ms));
        }
        constexpr bool repaired = true;
        write_frame(worker, payload, jpeg(5), repaired);
    });
    bench.until([&] { return bench.thread.idle(); });
    REQUIRE(bench.sink.reasons.size() == 100);
    CHECK(bench.sink.reasons[0] == "reason 0");
    CHECK(bench.sink.reasons[99] == "reason 99");
    CHECK(bench.sink.frames.size() == 1);
    bench.thread.add_counts();
    CHECK(bench.counters.frames_repaired == 1);
    CHECK(bench.counters.frames_oversized == 6);
    CHECK(bench.counters.frames_damaged == 7);
}

} // namespace ringcast::input
