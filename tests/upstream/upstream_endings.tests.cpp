// How the connection of an UpstreamSource ends, and when it is made again.
#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "upstream/source_bench.hpp"
#include "upstream/upstream_source.hpp"

namespace ringcast::upstream {
namespace {

using namespace std::chrono_literals;
using test::Asked;
using test::fake_address;
using test::jpeg;
using test::multipart_head;
using test::ok;
using test::part;
using test::settings_for;
using test::UpstreamBench;
using Texts = std::vector<std::string>;

const std::string one = jpeg(300, 'a');
const std::string two = jpeg(500, 'b');
const std::string picture =
    ok("Content-Type: image/jpeg\r\nContent-Length: " + std::to_string(one.size()) + "\r\n") + one;
const std::string no_signal =
    part(one, "X-Ringcast-Signal: none\r\nX-Ringcast-Reason: the camera is in use\r\n");

UpstreamSettings on_demand() {
    auto settings = settings_for("http://camera.example/stream");
    settings.on_demand = true;
    settings.idle_after = 5s;
    return settings;
}

/// Brings a source that connects to one of these states.
enum class Stage : std::uint8_t {
    resolving,
    connecting,
    requesting,
    reading_head,
    receiving_head_of_part,
    receiving_frame,
    scanning,
    waiting_for_slot,
    polling,
    waiting,
    count
};

void bring_to(UpstreamBench& bench, Stage stage) {
    if (stage == Stage::resolving) {
        return;
    }
    bench.look_up();
    if (stage == Stage::connecting) {
        return;
    }
    if (stage == Stage::waiting) {
        bench.complete(Asked::connect, -ECONNREFUSED);
        return;
    }
    bench.complete(Asked::connect, 0);
    if (stage == Stage::requesting) {
        return;
    }
    bench.request();
    switch (stage) {
    case Stage::receiving_head_of_part:
        bench.answer(multipart_head + part(one));
        break;
    case Stage::receiving_frame:
        bench.answer(multipart_head + part(one).substr(0, 200));
        break;
    case Stage::scanning:
        bench.answer(ok("Content-Type: video/mjpeg\r\n") + one + two.substr(0, 100));
        break;
    case Stage::waiting_for_slot:
        bench.sink.slots_withheld = true;
        bench.answer(ok("Content-Type: video/mjpeg\r\n"));
        bench.sink.slots_withheld = false;
        break;
    case Stage::polling:
        bench.answer(picture);
        break;
    case Stage::resolving:
    case Stage::connecting:
    case Stage::requesting:
    case Stage::reading_head:
    case Stage::waiting:
    case Stage::count:
        break;
    }
}

template <typename Action>
void at_every_stage(Action action) {
    for (int i = 0; i < static_cast<int>(Stage::count); ++i) {
        CAPTURE(i);
        action(static_cast<Stage>(i));
    }
}

} // namespace

// --- time-outs ---

TEST_CASE("each step of a connection has ten seconds") {
    UpstreamBench bench;
    std::string expected;
    SECTION("the look-up") {
        expected = "the name of the upstream server can't be looked up: no answer";
    }
    SECTION("connecting") {
        bring_to(bench, Stage::connecting);
        expected = "the upstream server does not answer";
    }
    SECTION("sending the request") {
        bring_to(bench, Stage::requesting);
        expected = "the upstream server has not answered for 10 s";
    }
    SECTION("the answer") {
        bring_to(bench, Stage::reading_head);
        bench.pass(9s);
        bench.answer("HTTP/1.1 200 OK\r\n"); // does not prolong it
        bench.pass(999ms);
        CHECK(bench.state() == "requesting");
        bench.pass(1ms);
        CHECK(bench.failure() == "the upstream server has not answered for 10 s");
        return;
    }
    bench.pass(9'999ms);
    CHECK(bench.sink.reasons.size() == 1);
    bench.pass(1ms);
    CHECK(bench.failure() == expected);
    CHECK(bench.state() == "waiting");
}

TEST_CASE("the time-out is as configured") {
    auto settings = settings_for("http://camera.example/");
    settings.timeout = 2s;
    UpstreamBench bench(settings);
    bring_to(bench, Stage::reading_head);
    bench.pass(2s);
    CHECK(bench.failure() == "the upstream server has not answered for 2 s");
    bench.pass_delay();
    bring_to(bench, Stage::receiving_head_of_part);
    bench.pass(2s);
    CHECK(bench.failure() == "no frame from the upstream server for 2 s");
}

TEST_CASE("a server that sends no frames is given up") {
    UpstreamBench bench;
    SECTION("after a frame") {
        bring_to(bench, Stage::receiving_head_of_part);
        bench.pass(9'999ms);
        CHECK(bench.state() == "receiving");
        bench.answer(part(two));
        bench.pass(9'999ms);
        CHECK(bench.state() == "receiving");
        bench.pass(1ms);
        CHECK(bench.failure() == "no frame from the upstream server for 10 s");
    }
    SECTION("from the beginning") {
        bench.serve(multipart_head);
        bench.pass(10s);
        CHECK(bench.sink.reasons[1] == "no frames arrive from the upstream server");
        CHECK(bench.failure() == "no frame from the upstream server for 10 s");
    }
    SECTION("that sends something else") {
        bench.serve(ok("Content-Type: application/octet-stream\r\n"));
        for (int i = 0; i < 10; ++i) {
            bench.answer("no picture, but text\r\n");
            bench.pass(1s);
        }
        CHECK(bench.failure() ==
              "no frame from the upstream server for 10 s, only data that is not JPEG");
    }
    CHECK(bench.state() == "waiting");
    CHECK(bench.engine.closed.size() == 1);
}

TEST_CASE("frames that can't be shown keep the connection alive") {
    UpstreamBench bench;
    bench.serve(multipart_head + part(one));
    for (int i = 0; i < 10; ++i) {
        bench.pass(5s);
        bench.answer(part(i % 2 == 0 ? one.substr(0, 100) : jpeg(9000)));
    }
    CHECK(bench.state() == "receiving");
    CHECK(bench.source.upstream()->connections == 1);
}

TEST_CASE("a large frame has more time, but not without end") {
    UpstreamBench bench;
    const std::string large = jpeg(8000);
    const auto slow = std::chrono::duration<double>(static_cast<double>(large.size()) /
                                                    UpstreamSource::bytes_per_second_min);
    bench.serve(multipart_head + part(one));
    SECTION("of announced length") {
        bench.answer(part(large).substr(0, 100));
    }
    SECTION("that has to be found, as far as it has arrived") {
        bench.answer("--b\r\n\r\n" + large.substr(0, large.size() - 1));
    }
    bench.pass(10s + std::chrono::duration_cast<Duration>(slow) - 5ms);
    CHECK(bench.state() == "receiving");
    bench.pass(10ms);
    CHECK(bench.failure() == "no frame from the upstream server for 10 s");
}

TEST_CASE("waiting for a slot is no silence of the server") {
    UpstreamBench bench;
    bench.sink.slots_withheld = true;
    bench.serve(ok("Content-Type: video/mjpeg\r\n"));
    CHECK(bench.find(Asked::receive) == nullptr);
    CHECK(bench.source.deadline() == bench.engine.now() + source::FrameAssembler::slot_retry_time);
    bench.pass(15s);
    CHECK(bench.state() == "receiving");
    bench.sink.slots_withheld = false;
    bench.pass(source::FrameAssembler::slot_retry_time);
    bench.answer(one + two);
    CHECK(bench.sink.frames == Texts{one, two});
    CHECK(bench.source.upstream()->connections == 1);
}

// --- failures, and what follows ---

TEST_CASE("a name that can't be looked up is told, and looked up again") {
    UpstreamBench bench;
    bench.resolver->fail("Name or service not known");
    bench.complete(Asked::read, -EINTR); // not finished yet
    CHECK(bench.sink.reasons.size() == 1);
    bench.complete(Asked::read, 8);
    CHECK(bench.failure() ==
          "the name of the upstream server can't be looked up: Name or service not known");
    const Duration wait = bench.pass_delay();
    CHECK(wait >= 375ms);
    CHECK(wait <= 625ms);
    CHECK(bench.resolver->lookups.size() == 2);
}

TEST_CASE("the addresses of a name are tried in turn") {
    UpstreamBench bench;
    bench.resolver->find(
        {fake_address(AF_INET6, 1), fake_address(AF_INET6, 2), fake_address(AF_INET, 3)});
    bench.complete(Asked::read, 8);
    bench.pass(250ms);
    CHECK(bench.engine.sockets_opened.size() == 2);
    bench.complete(Asked::connect, -EHOSTUNREACH);
    CHECK(bench.engine.sockets_opened.size() == 3);
    bench.complete(Asked::connect, -ENETUNREACH);
    bench.complete(Asked::connect, -ECONNREFUSED);
    CHECK(bench.failure() == "the upstream server refuses connections (is it running?)");
}

TEST_CASE("without descriptors the source waits") {
    UpstreamBench bench;
    bench.engine.open_error = EMFILE;
    bench.look_up();
    CHECK(bench.failure() == "too many files are open for a connection to the upstream server");
    bench.engine.open_error = 0;
    bench.pass_delay();
    bench.serve(multipart_head + part(one));
    CHECK(bench.sink.frames == Texts{one});
}

TEST_CASE("a connection that breaks is told") {
    UpstreamBench bench;
    SECTION("while the request is sent") {
        bring_to(bench, Stage::requesting);
        bench.complete(Asked::send, -ECONNRESET);
    }
    SECTION("before the answer") {
        bring_to(bench, Stage::reading_head);
        bench.close(-ECONNRESET);
    }
    SECTION("between two frames") {
        bring_to(bench, Stage::receiving_head_of_part);
        bench.close(-ECONNRESET);
    }
    SECTION("within a frame") {
        bring_to(bench, Stage::receiving_frame);
        bench.close(-ECONNRESET);
        CHECK(bench.sink.frames.empty());
    }
    CHECK(bench.failure() == "the upstream server broke the connection");
    CHECK(bench.engine.closed.size() == 1);
}

TEST_CASE("a connection that ends or breaks at any byte of an answer leaves nothing behind") {
    const std::string first = multipart_head + part(one);
    const std::string whole = first + part(two);
    // A frame is published when its last byte has arrived, before the delimiter behind it.
    const std::size_t first_complete = whole.find(one) + one.size();
    const std::size_t second_complete = whole.find(two) + two.size();
    for (const std::int32_t ending : {0, -ECONNRESET}) {
        for (std::size_t offset = 0; offset <= whole.size(); ++offset) {
            UpstreamBench bench;
            bench.connect();
            static_cast<void>(bench.request());
            bench.answer(whole.substr(0, offset));
            bench.close(ending);
            const std::size_t frames =
                (offset >= first_complete ? 1U : 0U) + (offset >= second_complete ? 1U : 0U);
            if (bench.sink.frames.size() != frames || bench.state() != "waiting" ||
                bench.source.deadline() == never || bench.sink.slots_with_source() != 0) {
                CAPTURE(ending, offset);
                CHECK(bench.sink.frames.size() == frames);
                CHECK(bench.state() == "waiting");
                CHECK(bench.source.deadline() != never);
                CHECK(bench.sink.slots_with_source() == 0);
            }
        }
    }
}

TEST_CASE("the delays grow with each failure, and begin again after a good connection") {
    UpstreamBench bench;
    const auto refuse = [&] {
        bench.look_up();
        bench.complete(Asked::connect, -ECONNREFUSED);
        return bench.pass_delay();
    };
    refuse();
    CHECK(refuse() > 700ms);
    CHECK(refuse() > 1100ms);
    SECTION("frames for ten seconds") {
        bench.serve(multipart_head + part(one));
        bench.pass(5s);
        bench.answer(part(one));
        bench.pass(5s);
        bench.close(-ECONNRESET);
        CHECK(bench.pass_delay() < 700ms);
    }
    SECTION("a frame, and not for so long") {
        bench.serve(multipart_head + part(one));
        bench.pass(9s);
        bench.close(-ECONNRESET);
        CHECK(bench.pass_delay() > 1100ms);
    }
    SECTION("no good frame") {
        bench.serve(multipart_head + part(one.substr(0, 100)));
        bench.pass(9s);
        bench.answer(part(one.substr(0, 100)));
        bench.pass(9s);
        bench.close(-ECONNRESET);
        CHECK(bench.pass_delay() > 1100ms);
    }
    SECTION("a single picture") {
        bench.serve(picture);
        bench.pass(1s);
        bench.request();
        bench.answer("HTTP/1.1 404 Not Found\r\n\r\n");
        CHECK(bench.pass_delay() < 700ms);
    }
}

TEST_CASE(
    "each attempt that fails alike has the same reason, and waits as long as the server asks") {
    UpstreamBench bench;
    bench.look_up();
    bench.complete(Asked::connect, -ECONNREFUSED);
    const std::string first = bench.reason();
    CHECK(first == "the upstream server refuses connections (is it running?); trying again");
    bench.pass_delay();
    bench.look_up();
    bench.complete(Asked::connect, -ECONNREFUSED);
    CHECK(bench.reason() == first);
    bench.pass_delay();
    bench.serve("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n");
    CHECK(bench.reason() == "the upstream server is busy (503); trying again");
    CHECK(bench.source.deadline() - bench.engine.now() == 7s);
}

TEST_CASE("a stream that the server ends is connected to again at once, and keeps its signal") {
    UpstreamBench bench;
    SECTION("by the last delimiter") {
        bench.serve(multipart_head + part(one));
        bench.pass(1s);
        bench.answer("--b--\r\n");
    }
    SECTION("by closing the connection") {
        bench.serve(multipart_head + part(one));
        bench.pass(1s);
        bench.close();
    }
    SECTION("within a frame") {
        bench.serve(multipart_head + part(one));
        bench.pass(1s);
        bench.answer(part(two).substr(0, 200));
        bench.close();
    }
    CHECK(bench.source.deadline() <= bench.engine.now());
    bench.pass(0s);
    CHECK(bench.state() == "connecting");
    bench.serve(multipart_head + part(two));
    CHECK(bench.sink.frames == Texts{one, two});
    CHECK(bench.sink.reasons.size() == 1);
    CHECK(bench.source.counters().restarts == 1);
    CHECK(bench.source.upstream()->connections == 2);
}

TEST_CASE("a stream that the server ends at once is connected to again after a delay") {
    UpstreamBench bench;
    Duration sum{};
    for (int i = 0; i < 5; ++i) {
        bench.serve(multipart_head + part(one) + "--b--\r\n");
        sum += bench.pass_delay();
    }
    CHECK(bench.sink.frames.size() == 5);
    CHECK(sum > 3s);
    CHECK(bench.sink.reasons.size() == 1);
}

// --- "no signal" of the other server ---

TEST_CASE("pictures that say no signal are no frames, keep the connection, and give the reason") {
    UpstreamBench bench;
    bench.serve(multipart_head + part(one));
    for (int second = 0; second < 59; ++second) {
        bench.answer(no_signal);
        bench.pass(1s);
    }
    CHECK(bench.state() == "receiving");
    CHECK(bench.sink.frames == Texts{one});
    CHECK(bench.source.upstream()->parts_without_signal == 59);
    CHECK(bench.source.counters().frames == 1);
    for (std::size_t i = 1; i < bench.sink.reasons.size(); ++i) {
        CHECK(bench.sink.reasons[i] == "the camera is in use");
    }
    SECTION("until a frame arrives") {
        bench.answer(part(two));
        CHECK(bench.sink.frames == Texts{one, two});
        for (int second = 0; second < 10; ++second) {
            bench.answer(no_signal);
            bench.pass(1s);
        }
        CHECK(bench.source.upstream()->connections == 1);
    }
    SECTION("for a minute, when the connection is made anew to notice a loop") {
        bench.answer(no_signal);
        bench.pass(1s);
        bench.answer(no_signal);
        CHECK(bench.state() == "connecting");
        bench.serve(multipart_head + no_signal);
        CHECK(bench.state() == "receiving");
        CHECK(bench.source.upstream()->connections == 2);
        CHECK(bench.reason() == "the camera is in use");
        bench.pass(1s);
        bench.answer(no_signal);
        CHECK(bench.source.upstream()->connections == 2);
    }
}

TEST_CASE("\"no signal\" of an earlier connection is no frame of this one") {
    UpstreamBench bench;
    bench.serve(multipart_head + no_signal + no_signal);
    for (int i = 0; i < 3; ++i) {
        bench.close(-ECONNRESET);
        bench.pass_delay();
        bench.serve(multipart_head);
        bench.pass(10s);
        // Not doubled: no frame had arrived.
        CHECK(bench.failure() == "no frame from the upstream server for 10 s");
        bench.pass_delay();
        bench.serve(multipart_head);
    }
}

// --- on demand ---

TEST_CASE("a source on demand connects when somebody watches, and rests afterwards") {
    UpstreamBench bench(on_demand());
    CHECK(bench.sink.pauses == 1);
    CHECK(bench.state() == "resting");
    CHECK(bench.source.deadline() == never);
    CHECK(bench.resolver->lookups.empty());

    bench.source.set_watched(true);
    CHECK(bench.reason() == "connecting to the upstream server");
    bench.serve(multipart_head + part(one));
    bench.source.set_watched(false);
    bench.pass(4'999ms);
    bench.answer(part(two));
    CHECK(bench.state() == "receiving");
    bench.pass(1ms);
    CHECK(bench.state() == "resting");
    CHECK(bench.sink.pauses == 2);
    CHECK(bench.source.deadline() == never);
    CHECK(bench.engine.closed.size() == 1);

    bench.source.set_watched(true);
    CHECK(bench.state() == "connecting");
    bench.serve(multipart_head + part(one));
    CHECK(bench.sink.frames == Texts{one, two, one});
    // A viewer who returns in time finds the connection.
    bench.source.set_watched(false);
    bench.pass(4s);
    bench.source.set_watched(true);
    bench.answer(part(one));
    bench.pass(5s);
    CHECK(bench.state() == "receiving");
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("a source without on_demand does not mind who watches") {
    UpstreamBench bench;
    bench.source.set_watched(true);
    bench.serve(multipart_head + part(one));
    bench.source.set_watched(false);
    for (int i = 0; i < 20; ++i) {
        bench.pass(5s);
        bench.answer(part(one));
    }
    CHECK(bench.state() == "receiving");
    CHECK(bench.sink.pauses == 0);
}

TEST_CASE("a source on demand can rest from every state, and wake") {
    at_every_stage([](Stage stage) {
        auto settings = on_demand();
        settings.idle_after = 1ms;
        settings.timeout = 1h;
        UpstreamBench bench(settings);
        bench.source.set_watched(true);
        bring_to(bench, stage);
        bench.source.set_watched(false);
        bench.engine.pass(11s); // visits without a frame count for longer
        bench.source.on_deadline(bench.engine.now());
        bench.finish_cancelled();
        CHECK(bench.state() == "resting");
        CHECK(bench.sink.pauses == 2);
        CHECK(bench.sink.slots_with_source() == 0);
        const std::size_t before = bench.sink.frames.size();
        bench.source.set_watched(true);
        bench.serve(multipart_head + part(one));
        CHECK(bench.sink.frames.size() == before + 1);
    });
}

TEST_CASE("a snapshot that leaves before the first frame keeps a source on demand on for a while") {
    UpstreamBench bench(on_demand());
    bench.source.set_watched(true);
    bring_to(bench, Stage::receiving_frame);
    bench.pass(1s);
    bench.source.set_watched(false);
    bench.pass(6s);
    CHECK(bench.state() == "receiving");
    bench.answer(part(one).substr(200));
    CHECK(bench.sink.frames == Texts{one});
}

TEST_CASE("once a source on demand has rested, it rests again after the configured time") {
    UpstreamBench bench(on_demand());
    bench.source.set_watched(true);
    bring_to(bench, Stage::receiving_frame);
    bench.source.set_watched(false); // without a frame
    bench.pass(6s);
    CHECK(bench.state() == "receiving");
    bench.pass(5s);
    CHECK(bench.state() == "resting");
    bench.source.set_watched(true);
    bench.serve(multipart_head + part(one));
    bench.source.set_watched(false);
    bench.pass(5s);
    CHECK(bench.state() == "resting");
}

TEST_CASE("a viewer who comes back while the source lies down wakes it") {
    UpstreamBench bench(on_demand());
    bench.source.set_watched(true);
    bring_to(bench, Stage::receiving_head_of_part);
    bench.source.set_watched(false);
    bench.engine.pass(5s);
    bench.source.on_deadline(bench.engine.now()); // the receive is being cancelled
    CHECK(bench.find(Asked::cancel) != nullptr);
    bench.source.set_watched(true);
    bench.finish_cancelled();
    CHECK(bench.sink.pauses == 1);
    bench.serve(multipart_head + part(two));
    CHECK(bench.sink.frames == Texts{one, two});
}

TEST_CASE("a viewer ends the wait after a failure") {
    UpstreamBench bench(on_demand());
    bench.source.set_watched(true);
    bring_to(bench, Stage::waiting);
    bench.source.set_watched(false);
    bench.source.set_watched(true);
    CHECK(bench.state() == "connecting");
    CHECK(bench.reason() == "connecting to the upstream server");
}

TEST_CASE("a viewer who returns between two pictures does not disturb them") {
    UpstreamBench bench(on_demand());
    bench.source.set_watched(true);
    SECTION("on a connection that is kept") {
        bench.serve(picture);
    }
    SECTION("with a connection for each") {
        bench.serve(ok("Content-Type: image/jpeg\r\n") + one);
        bench.close();
    }
    const std::size_t reasons = bench.sink.reasons.size();
    bench.source.set_watched(false);
    bench.source.set_watched(true);
    CHECK(bench.sink.reasons.size() == reasons);
    CHECK(bench.state() == "polling");
    CHECK(bench.source.deadline() == bench.engine.now() + 1s);
}

// --- stopping ---

TEST_CASE("a source can be stopped in every state") {
    at_every_stage([](Stage stage) {
        UpstreamBench bench;
        bring_to(bench, stage);
        bench.source.stop();
        bench.source.stop();
        CHECK(bench.source.deadline() == never);
        // The bench checks that nothing is left.
    });
}

TEST_CASE("a source that was stopped while it ends a connection does not begin another one") {
    at_every_stage([](Stage stage) {
        UpstreamBench bench(on_demand());
        bench.source.set_watched(true);
        bring_to(bench, stage);
        bench.source.set_watched(false);
        bench.engine.pass(11s);
        bench.source.on_deadline(bench.engine.now());
        bench.source.set_watched(true);
        bench.source.stop();
        bench.source.set_watched(false);
        bench.source.set_watched(true);
        bench.finish_cancelled();
        CHECK(bench.source.stopped());
    });
}

TEST_CASE("an operation that has succeeded although it was cancelled changes nothing") {
    at_every_stage([](Stage stage) {
        UpstreamBench bench;
        bring_to(bench, stage);
        bench.source.stop();
        while (bench.find(Asked::cancel) != nullptr) {
            const io::OpToken target = bench.find(Asked::cancel)->target;
            static_cast<void>(bench.engine.answer(Asked::cancel, io::OpToken{}, -EALREADY));
            const auto found =
                std::ranges::find(bench.engine.operations, target, &test::Operation::token);
            REQUIRE(found != bench.engine.operations.end());
            const std::int32_t result = found->asked == Asked::connect ? 0 : 1;
            bench.source.on_completion(bench.engine.answer(found->asked, target, result));
        }
        CHECK(bench.source.stopped());
    });
}

TEST_CASE("completions of an earlier connection are ignored") {
    UpstreamBench bench;
    bring_to(bench, Stage::receiving_head_of_part);
    io::Completion late;
    late.token = bench.find(Asked::receive)->token;
    late.result = 5;
    bench.close();
    bench.pass_delay();
    bench.connect();
    bench.request();
    bench.source.on_completion(late);
    CHECK(bench.answer(multipart_head + part(two)));
    CHECK(bench.sink.frames == Texts{one, two});
}

// --- memory ---

TEST_CASE("a source that runs out of memory tries again later") {
    auto settings = settings_for("http://camera.example/");
    SECTION("over TCP") {}
    SECTION("to a UNIX socket") {
        settings.socket_path = "/run/other.sock";
    }
    UpstreamBench bench(settings);
    bring_to(bench,
             bench.find(Asked::read) != nullptr ? Stage::receiving_head_of_part : Stage::resolving);
    if (bench.find(Asked::connect) != nullptr) {
        bench.serve(multipart_head + part(one));
    }
    bench.pass(1s);
    bench.resolver->out_of_memory = true;
    bench.close();
    bench.pass(0s);
    CHECK(bench.log.count("out of memory") == 1);
    CHECK(bench.state() == "waiting");
    bench.pass(5s);
    CHECK(bench.log.count("out of memory") > 2);
    bench.resolver->out_of_memory = false;
    bench.pass(2s);
    bench.serve(multipart_head + part(two));
    CHECK(bench.sink.frames == Texts{one, two});
}

TEST_CASE("memory that runs out between two connections does not end the source") {
    auto settings = settings_for("http://user:secret@camera.example/");
    SECTION("over TCP") {}
    SECTION("to a UNIX socket") {
        settings.socket_path = "/run/other.sock";
    }
    UpstreamBench bench(settings);
    if (bench.find(Asked::read) != nullptr) {
        bench.look_up();
    }
    bench.complete(Asked::connect, 0);
    bench.request();
    bench.resolver->out_of_memory = true;
    bench.answer("HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n");
    CHECK(bench.log.count("out of memory") == 1);
    CHECK(bench.state() == "waiting");
    bench.resolver->out_of_memory = false;
    bench.pass(2s);
    bench.serve(multipart_head + part(one));
    CHECK(bench.sink.frames == Texts{one});
}

} // namespace ringcast::upstream
