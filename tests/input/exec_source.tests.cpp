#include "input/exec_source.hpp"

#include <csignal>
#include <fstream>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::Asked;
using test::jpeg;
using test::LogCapture;
using test::TemporaryFile;
using namespace std::chrono_literals;

constexpr std::size_t frame_max = 100'000;
constexpr io::StreamId stream{2, 1};

/// Real children in virtual time.
struct Bench : test::SourceBench<ExecSource> {
    explicit Bench(config::ExecConfig config)
        : SourceBench(frame_max, stream, "door", std::move(config)) {}
    explicit Bench(std::vector<std::string> command)
        : Bench(config::ExecConfig{.command = std::move(command)}) {}
    explicit Bench(const std::string& script)
        : Bench(std::vector<std::string>{"/bin/sh", "-c", script}) {}

    void pass(Duration time) {
        engine.pass(time);
        source.on_deadline(engine.now());
    }
    [[nodiscard]] bool lost(std::string_view beginning) const {
        return !sink.reasons.empty() && sink.reasons.back().starts_with(beginning);
    }
};

} // namespace

TEST_CASE("a program's frames are published while it runs") {
    const std::string first = jpeg(5000, 'a');
    const std::string second = jpeg(90'000, 'b');
    const TemporaryFile file("noise" + first + second);
    Bench bench("cat " + file.path() + "; exec sleep 1000");
    CHECK(bench.sink.reasons == std::vector<std::string>{"the program is starting"});
    bench.until([&] { return bench.sink.frames.size() == 2; });
    CHECK(bench.sink.frames == std::vector<std::string>{first, second});
    CHECK(bench.source.counters().frames == 2);
    CHECK(bench.source.counters().bytes_skipped == 5);
    CHECK(bench.source.counters().restarts == 0);
    CHECK(bench.source.kind() == "exec");
    // Silence after a frame is judged by the stream, and is no reason to end a program.
    bench.pass(source::SignalTrouble::silence_time_max);
    CHECK(bench.sink.reasons.size() == 1);
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("a program that produces no frames is reported, and runs on") {
    Bench bench("exec sleep 1000");
    bench.pass(source::SignalTrouble::silence_time_max);
    CHECK(bench.lost("no frames arrive from the program"));
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE(
    "everything that a program wrote before its end is published, and then it is started again") {
    const std::string frame = jpeg(30'000);
    std::string many;
    for (int i = 0; i < 20; ++i) {
        many += frame;
    }
    const TemporaryFile file(many);
    Bench bench("cat " + file.path() + "; exit 4");
    bench.until([&] { return bench.lost("the program ended"); });
    CHECK(bench.sink.frames.size() == 20);
    CHECK(bench.sink.reasons.back() ==
          "the program ended (exit status 4); starting again in 0.5 s");
    CHECK(bench.sink.slots_with_source() == 0);
    CHECK(bench.source.deadline() == bench.engine.now() + 500ms);
    bench.pass(500ms);
    CHECK(bench.source.counters().restarts == 1);
    CHECK(bench.lost("the program is starting"));
    bench.until([&] { return bench.sink.frames.size() == 40; });
}

TEST_CASE("the time until a failing program is started again doubles up to a bound") {
    LogCapture log;
    Bench bench(std::vector<std::string>{"/nowhere/ffmpeg", "-secret", "rtsp://user:word@host"});
    const std::vector<std::string> delays{"0.5", "1", "2", "4", "8", "16", "30", "30"};
    for (const std::string& delay : delays) {
        CHECK(bench.sink.reasons.back() ==
              "the program was not found; starting again in " + delay + " s");
        const Instant due = bench.source.deadline();
        bench.pass(due - bench.engine.now());
    }
    CHECK(bench.source.counters().restarts == delays.size());
    CHECK(log.count("is in the package ffmpeg", LogLevel::error) == delays.size() + 1);
    for (const std::string& reason : bench.sink.reasons) {
        CHECK(reason.find("nowhere") == std::string::npos);
        CHECK(reason.find("secret") == std::string::npos);
    }
}

TEST_CASE("after a good run of ten seconds the restart delay starts at its minimum again") {
    const TemporaryFile file(jpeg(100));
    const TemporaryFile gate("");
    // Produces a frame only in its third run, and ends when the gate is removed.
    Bench bench("test -s " + gate.path() + " || exit 1; cat " + file.path() + "; cat " +
                gate.path() + " >&2; while test -e " + gate.path() + "; do sleep 0.02; done");
    for (const auto* delay : {"0.5", "1"}) {
        bench.until([&] { return bench.lost("the program ended"); });
        CHECK(bench.sink.reasons.back().find(std::string("in ") + delay + " s") !=
              std::string::npos);
        if (std::string_view(delay) == "1") {
            std::ofstream(gate.path()) << "open";
        }
        bench.pass(1s);
    }
    bench.until([&] { return bench.sink.frames.size() == 1; });
    bench.engine.pass(ExecSource::good_run_min);
    std::filesystem::remove(gate.path());
    bench.until([&] { return bench.lost("the program ended"); });
    CHECK(bench.sink.reasons.back() ==
          "the program ended (exit status 0); starting again in 0.5 s");
}

TEST_CASE(
    "a program that hangs is ended and started again, after twice the time if it had frames") {
    const TemporaryFile file(jpeg(100));
    LogCapture log;
    Bench bench("cat " + file.path() + "; echo stuck >&2; exec sleep 1000");
    Duration timeout = config::ExecConfig{}.timeout;
    for (std::size_t run = 1; run <= 3; ++run) {
        bench.until([&] { return bench.sink.frames.size() == run; });
        bench.until([&] { return log.count("program: stuck") == run; });
        CHECK(bench.source.deadline() == bench.engine.now() + timeout);
        bench.pass(timeout - 1ns);
        CHECK(bench.lost("the program is starting")); // and a frame has arrived since
        bench.pass(1ns);
        bench.until([&] { return bench.lost("no frame from the program"); });
        CHECK(
            bench.sink.reasons.back() ==
            "no frame from the program for " +
                std::to_string(std::chrono::duration_cast<std::chrono::seconds>(timeout).count()) +
                " s; starting again in 0.5 s");
        CHECK(log.count("the program ended (signal TERM)", LogLevel::warning) == run);
        CHECK(log.count("its last output: stuck", LogLevel::warning) == run);
        bench.pass(500ms);
        timeout *= 2;
    }
    CHECK(bench.source.counters().restarts == 3);
}

TEST_CASE("a program that ignores SIGTERM when it is restarted for silence is killed") {
    Bench bench("trap '' TERM; echo deaf; while :; do sleep 0.02; done");
    bench.until([&] { return bench.source.counters().bytes_skipped > 0; });
    bench.pass(10s);
    bench.pass(ChildProcess::kill_delay);
    bench.until([&] { return bench.lost("no frame from the program"); });
    CHECK(bench.sink.reasons.back() == "no frame from the program for 10 s, only data that is not "
                                       "JPEG; starting again in 0.5 s");
}

TEST_CASE("a program that writes only parts of frames is silent") {
    const std::string frame = jpeg(1000);
    const TemporaryFile file(frame.substr(0, 500));
    Bench bench("while cat " + file.path() + "; do sleep 0.02; done");
    bench.until([&] { return bench.source.counters().frames_damaged >= 5; });
    bench.pass(10s);
    bench.until([&] { return bench.lost("no frame from the program"); });
    CHECK(bench.sink.reasons.back() ==
          "no frame from the program for 10 s, only damaged ones; starting again in 0.5 s");
}

TEST_CASE("a program whose frames are too large is not silent") {
    const TemporaryFile file(jpeg(2 * frame_max));
    const test::TemporaryFolder folder;
    Bench bench("cat " + file.path() + "; while ! test -e " + folder.path("gate") +
                "; do sleep 0.02; done; cat " + file.path() + "; exec sleep 1000");
    bench.until([&] { return bench.source.counters().frames_oversized == 1; });
    bench.pass(9s);
    folder.write("gate", "");
    bench.until([&] { return bench.source.counters().frames_oversized == 2; });
    bench.pass(9s);
    CHECK(bench.source.deadline() == bench.engine.now() + 1s);
    CHECK(bench.lost("frames of"));
}

TEST_CASE("time without a free slot does not count as a program's silence") {
    const TemporaryFile file(jpeg(100));
    const test::TemporaryFolder folder;
    const std::string gate = folder.path("gate");
    Bench bench("test -e " + gate + " || { touch " + gate + "; exit 1; }; cat " + file.path() +
                "; exec sleep 1000");
    bench.until([&] { return bench.lost("the program ended"); });
    bench.sink.slots_withheld = true;
    bench.pass(500ms);
    bench.pass(9s);
    bench.pass(9s);
    bench.sink.slots_withheld = false;
    bench.pass(source::FrameAssembler::slot_retry_time);
    bench.until([&] { return bench.sink.frames.size() == 1; });
    CHECK(bench.source.counters().restarts == 1);
}

TEST_CASE("with a timeout of zero a silent program runs on") {
    Bench bench(config::ExecConfig{.command = {"sleep", "1000"}, .timeout = 0s});
    bench.pass(24h);
    CHECK(bench.lost("no frames arrive from the program"));
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("stopping a program that is being restarted for silence") {
    Bench bench("exec sleep 1000");
    bench.pass(10s);
    bench.source.stop();
    bench.until([&] { return bench.source.stopped(); });
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("a program that closes its output but runs on is ended") {
    Bench bench("exec >&-; exec sleep 1000");
    bench.until([&] { return bench.engine.operations.size() == 2; }); // no read of its output
    bench.pass(ExecSource::straggle_time_max);
    bench.until([&] { return bench.lost("the program ended"); });
    CHECK(bench.lost("the program ended (signal TERM)"));
}

TEST_CASE("a process that keeps a dead program's output open does not delay its restart") {
    const TemporaryFile number("");
    LogCapture log;
    Bench bench("setsid sh -c 'exec 2>/dev/null; echo $$ > " + number.path() +
                "; exec sleep 1000' & while ! test -s " + number.path() + "; do sleep 0.02; done");
    bench.until([&] { return log.count("the program ended") == 1; });
    CHECK(bench.lost("the program is starting"));
    bench.pass(ExecSource::straggle_time_max);
    bench.until([&] { return bench.lost("the program ended"); });
    pid_t escaped = 0;
    std::ifstream(number.path()) >> escaped;
    REQUIRE(escaped > 0);
    kill(escaped, SIGKILL);
}

TEST_CASE("stopping ends the program, joins it and releases everything") {
    const TemporaryFile file(jpeg(100));
    Bench bench("while :; do cat " + file.path() + "; done");
    bench.until([&] { return bench.sink.frames.size() >= 3; });
    bench.source.stop();
    CHECK_FALSE(bench.source.stopped());
    const std::size_t frames = bench.sink.frames.size();
    bench.until([&] { return bench.source.stopped(); });
    CHECK(bench.sink.frames.size() == frames);
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("stopping while waiting for a restart completes at once") {
    Bench bench(std::vector<std::string>{"/nowhere/at/all"});
    bench.source.stop();
    CHECK(bench.source.stopped());
    CHECK(bench.source.deadline() == never);
}

TEST_CASE("a completion of an earlier run is ignored") {
    Bench bench("exec sleep 1000");
    io::Completion late;
    late.token = io::source_token(stream, 0, 77);
    late.result = 0;
    bench.source.on_completion(late);
    CHECK(bench.engine.operations.size() == 3);
}

} // namespace ringcast::input
