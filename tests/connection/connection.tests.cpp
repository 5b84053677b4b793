#include "connection/connection.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "connection/connection_bench.hpp"

using namespace ringcast;
using connection::ConnectionEvent;
using connection::ConnectionState;
using connection::SharedText;
using connection::test::Call;
using connection::test::completion_of;
using connection::test::ConnectionBench;
using connection::test::notification_of;
using connection::test::Operation;
using connection::test::request_text;
using connection::test::unix_endpoint;

namespace {

constexpr Duration second = std::chrono::seconds(1);

} // namespace

// --- requests ---

TEST_CASE("a new connection receives a request head within its time-out") {
    ConnectionBench bench;
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.head_timeout);
    CHECK(bench.context.counts.handshaking == 1);
    CHECK(bench.connection.exchange().reader.idle());
    REQUIRE(bench.engine.operations.size() == 1);
    CHECK(bench.engine.newest(Call::receive).socket == bench.endpoint.socket);
}

TEST_CASE("a request head may arrive in several receives, within one time-out") {
    ConnectionBench bench;
    const Instant deadline = bench.connection.deadline();
    for (const std::string_view piece : {"GET /str", "eam HTTP/1.1\r\nHo", "st: a\r\n\r"}) {
        bench.engine.monotonic += second;
        CHECK(bench.receive(piece) == ConnectionEvent::none);
        CHECK(bench.connection.deadline() == deadline);
        CHECK_FALSE(bench.connection.exchange().reader.idle());
        CHECK(bench.engine.operations.size() == 1);
    }
    CHECK(bench.receive("\n") == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/stream");
    CHECK(bench.connection.exchange().reader.request().host == "a");
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a malformed request head is reported with its error") {
    ConnectionBench bench;
    CHECK(bench.receive("BREW / HTTP/1.1\r\n\r\n") == ConnectionEvent::bad_request);
    CHECK(bench.connection.exchange().reader.error().status == 501);
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a peer that ends or fails before its request is complete is closed") {
    const std::int32_t result = GENERATE(0, -ECONNRESET);
    ConnectionBench bench;
    CHECK(bench.receive("GET /") == ConnectionEvent::none);
    CHECK(bench.answer(Call::receive, result) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::abort) == 0); // nothing is under way
    bench.expect_close();
}

// --- replies ---

TEST_CASE("a connection is handshaking until its first reply is complete") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "reply", true);
    CHECK(bench.context.counts.handshaking == 1);
    CHECK(bench.connection.state() == ConnectionState::replying);
    CHECK(bench.connection.deadline() == never);
    const Operation send = bench.engine.newest(Call::send);
    CHECK(as_text(send.bytes) == "reply");
    CHECK(send.options.wait_all);
    CHECK_FALSE(send.options.more_follows);

    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.context.counts.handshaking == 0);
    CHECK(bench.connection.frames().delivery().bytes_sent() == 5);
}

TEST_CASE("a shared body is sent behind the head, and released when its last reply is complete") {
    std::size_t bytes = 0;
    SharedText body("a body", bytes);
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "head", true, body.share());
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "head");
    CHECK(bench.engine.newest(Call::send).options.more_follows);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "a body");
    CHECK(bench.engine.newest(Call::send).bytes.data() == as_bytes(body.text()).data());
    CHECK_FALSE(bench.engine.newest(Call::send).options.more_follows);
    body.release();
    CHECK(bytes == 6);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bytes == 0);
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.serve(true) == ConnectionEvent::none); // without the body of the reply before
}

TEST_CASE("a shared body is sent in parts to a UNIX socket") {
    std::size_t bytes = 0;
    ConnectionBench bench(unix_endpoint());
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "head", true, SharedText("a body", bytes));
    for (const std::string_view rest : {"head", "ead", "a body", "body"}) {
        CHECK(as_text(bench.engine.newest(Call::send).bytes) == rest);
        const std::int32_t taken = rest == "head"     ? 1
                                   : rest == "a body" ? 2
                                                      : connection::test::size_of(as_bytes(rest));
        CHECK(bench.answer(Call::send, taken) == ConnectionEvent::none);
    }
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bytes == 0);
}

TEST_CASE("a shared body is kept until the send of a connection that is aborted has ended") {
    std::size_t bytes = 0;
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "head", true, SharedText("a body", bytes));
    REQUIRE(bench.answer_whole(Call::send) == ConnectionEvent::none);
    bench.connection.abort(bench.context);
    CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
    CHECK(bytes == 6);
    CHECK(bench.answer(Call::send, -EPIPE) == ConnectionEvent::none);
    CHECK(bytes == 0);
    bench.expect_close();
}

TEST_CASE("a request can wait for its answer, and in turn for a frame") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.wait(bench.context, bench.engine.now() + second);
    CHECK(bench.connection.state() == ConnectionState::waiting);
    CHECK(bench.connection.deadline() == bench.engine.now() + second);
    CHECK(bench.engine.operations.empty());
    bench.connection.wait(bench.context, bench.engine.now() + 2 * second,
                          {.stream = connection::test::stream});
    CHECK(bench.connection.deadline() == bench.engine.now() + 2 * second);
    bench.connection.reply(bench.context, "reply", true);
    CHECK(bench.connection.state() == ConnectionState::replying);
}

TEST_CASE("time for which the server did nothing counts for no time-out") {
    ConnectionBench bench;
    const Instant head_deadline = bench.connection.deadline();
    const Instant progress = bench.connection.frames().delivery().last_progress();
    bench.connection.excuse(7 * second);
    CHECK(bench.connection.deadline() == head_deadline + 7 * second);
    CHECK(bench.connection.frames().delivery().last_progress() == progress + 7 * second);
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    const Instant answer_by = bench.engine.now() + second;
    bench.connection.wait(bench.context, answer_by);
    bench.connection.excuse(7 * second);
    CHECK(bench.connection.deadline() == answer_by); // an answer is due nevertheless
    bench.connection.reply(bench.context, "reply", true);
    bench.connection.excuse(7 * second);
    CHECK(bench.connection.deadline() == never);
}

TEST_CASE("the stall time-out counts from the reply, and anew from each part that is taken") {
    ConnectionBench bench(unix_endpoint());
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.engine.monotonic += second;
    bench.connection.reply(bench.context, "reply", true);
    CHECK(bench.connection.frames().delivery().last_progress() == bench.engine.now());
    bench.engine.monotonic += second;
    CHECK(bench.answer(Call::send, 2) == ConnectionEvent::none);
    CHECK(bench.connection.frames().delivery().last_progress() == bench.engine.now());
}

TEST_CASE("a silent connection counts as handshaking no longer, once") {
    ConnectionBench bench;
    ++bench.context.counts.handshaking; // another one
    bench.connection.end_handshaking(bench.context);
    bench.connection.end_handshaking(bench.context);
    CHECK(bench.context.counts.handshaking == 1);
}

TEST_CASE("after a reply with keep-alive the next request is awaited, and then its head") {
    ConnectionBench bench;
    bench.engine.monotonic += second;
    CHECK(bench.serve(true) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.connection.exchange().reader.idle());
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.keep_alive_timeout);

    bench.engine.monotonic += second;
    CHECK(bench.receive("GET /next") == ConnectionEvent::none);
    const Instant deadline = bench.engine.now() + bench.settings.head_timeout;
    CHECK(bench.connection.deadline() == deadline);
    bench.engine.monotonic += second;
    CHECK(bench.receive(" HTTP/1.1\r\n") == ConnectionEvent::none);
    CHECK(bench.connection.deadline() == deadline);
    CHECK(bench.receive("Host: a\r\n\r\n") == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/next");
}

TEST_CASE("a pipelined request is complete as soon as the reply before it is sent") {
    ConnectionBench bench;
    const std::string two = std::string(request_text) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    CHECK(bench.serve(true, two) == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/next");
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("the beginning of a pipelined request is given the time-out of a head") {
    ConnectionBench bench;
    bench.engine.monotonic += second;
    CHECK(bench.serve(true, std::string(request_text) + "GET /ne") == ConnectionEvent::none);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.head_timeout);
    CHECK(bench.receive("xt HTTP/1.1\r\nHost: a\r\n\r\n") == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/next");
}

TEST_CASE("a pipelined request that is malformed is reported after the reply before it") {
    ConnectionBench bench;
    CHECK(bench.serve(true, std::string(request_text) + "BREW / HTTP/1.1\r\n\r\n") ==
          ConnectionEvent::bad_request);
}

TEST_CASE("the end of keep-alive makes the reply under way the last one") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "reply", true);
    bench.connection.end_soon();
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::draining);
}

TEST_CASE("a reply that TCP took in part, or not at all, aborts") {
    const std::int32_t result = GENERATE(4, 0, -EPIPE);
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "reply", true);
    CHECK(bench.answer(Call::send, result) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("the rest of a reply that a UNIX socket took in part is sent") {
    ConnectionBench bench(unix_endpoint());
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply(bench.context, "reply", true);
    CHECK_FALSE(bench.engine.newest(Call::send).options.wait_all);
    CHECK(bench.answer(Call::send, 2) == ConnectionEvent::none);
    CHECK(bench.context.counts.handshaking == 1);
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "ply");
    CHECK(bench.answer(Call::send, 1) == ConnectionEvent::none);
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "ly");
    CHECK(bench.answer(Call::send, 2) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::reading);
}

TEST_CASE("a request that never became whole is answered while its receive is under way") {
    ConnectionBench bench;
    REQUIRE(bench.receive("GET /") == ConnectionEvent::none);
    bench.connection.reply(bench.context, "408", false);

    SECTION("and the rest of it is too late") {
        CHECK(bench.receive("stream HTTP/1.1\r\n\r\n") == ConnectionEvent::none);
        CHECK(bench.connection.state() == ConnectionState::replying);
        CHECK(bench.engine.count(Call::receive) == 0);
        CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    }
    SECTION("and that receive goes on when the answer is drained") {
        CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    }
    CHECK(bench.connection.state() == ConnectionState::draining);
    CHECK(bench.engine.count(Call::receive) == 1);
    CHECK(bench.answer(Call::shutdown, 0) == ConnectionEvent::none);
    CHECK(bench.answer(Call::receive, 0) == ConnectionEvent::none);
    bench.expect_close();
}

// --- snapshots ---

TEST_CASE("a snapshot waits for its frame with the deadline of its request") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    const Instant deadline = bench.engine.now() + 3 * second;
    bench.connection.wait(
        bench.context, deadline,
        {.stream = connection::test::stream, .placeholder = true, .asked_at = bench.engine.now()});
    CHECK(bench.connection.state() == ConnectionState::waiting);
    CHECK(bench.connection.deadline() == deadline);
    CHECK(bench.connection.exchange().snapshot.placeholder);
    CHECK(bench.context.counts.handshaking == 0);
    CHECK(bench.engine.operations.empty());

    SECTION("and is aborted at once") {
        bench.connection.abort(bench.context);
        bench.expect_close();
    }
    SECTION("and is answered") {
        bench.connection.reply_with_jpeg(bench.context, "head", bench.make_frame(),
                                         connection::test::stream, true);
        CHECK(bench.connection.state() == ConnectionState::replying);
        CHECK(bench.connection.deadline() == never);
    }
}

TEST_CASE("a snapshot's body follows its head, and the next request the body") {
    const bool keep_alive = GENERATE(true, false);
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply_with_jpeg(bench.context, "head", bench.make_frame(),
                                     connection::test::stream, keep_alive);
    REQUIRE(bench.engine.operations.size() == 1);
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "head");
    CHECK(bench.engine.newest(Call::send).options.more_follows);
    CHECK_FALSE(bench.all_slots_free());

    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::replying);
    REQUIRE(bench.engine.operations.size() == 1);
    const Operation body = bench.engine.newest(Call::send_zero_copy);
    CHECK(as_text(body.bytes) == bench.jpeg);

    CHECK(bench.answer_whole(Call::send_zero_copy, true) == ConnectionEvent::none);
    CHECK(bench.connection.state() ==
          (keep_alive ? ConnectionState::reading : ConnectionState::draining));
    CHECK_FALSE(bench.all_slots_free());
    CHECK(bench.complete(notification_of(body.token)) == ConnectionEvent::none);
    CHECK(bench.all_slots_free());
    CHECK(bench.engine.count(Call::close) == 0);
}

TEST_CASE("a request behind a snapshot's is complete when the body is sent") {
    ConnectionBench bench;
    REQUIRE(bench.receive(std::string(request_text) + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n") ==
            ConnectionEvent::request);
    bench.connection.reply_with_jpeg(bench.context, "head", bench.make_frame(),
                                     connection::test::stream, true);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.answer_whole(Call::send_zero_copy) == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/next");
}

// --- streams ---

TEST_CASE("a viewer counts from its response head on, and is idle when that is sent") {
    const bool frame_follows = GENERATE(true, false);
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.start_stream(bench.context, "head",
                                  {.stream = connection::test::stream, .period_min = second},
                                  frame_follows);
    CHECK(bench.connection.streaming());
    CHECK(bench.context.counts.streaming == 1);
    CHECK(bench.stream_sends().viewers == 1);
    CHECK(bench.connection.frames().pacing().period_min() == second);
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == "head");
    CHECK(bench.engine.newest(Call::send).options.more_follows == frame_follows);

    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::streaming);
    CHECK(bench.connection.state() == ConnectionState::idle);
    CHECK(bench.connection.deadline() == never);
    CHECK(bench.context.counts.handshaking == 0);
    REQUIRE(bench.engine.operations.size() == 1);
    CHECK(bench.engine.newest(Call::poll).socket == bench.endpoint.socket);
}

TEST_CASE("a viewer is idle after the result of a part, with its notification still due") {
    ConnectionBench bench;
    bench.start_stream();
    bench.send_part();
    CHECK(bench.connection.state() == ConnectionState::sending);
    const Operation first = bench.engine.newest(Call::send_zero_copy);
    CHECK(bench.answer_whole(Call::send_zero_copy, true) == ConnectionEvent::frame_sent);
    CHECK(bench.connection.state() == ConnectionState::idle);

    bench.send_part();
    CHECK(bench.connection.frames().pinned() == 2);
    CHECK(bench.complete(notification_of(first.token)) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::sending);
    CHECK(bench.connection.frames().pinned() == 1);
    CHECK(bench.answer_whole(Call::send_zero_copy) == ConnectionEvent::frame_sent);
    CHECK(bench.all_slots_free());
}

TEST_CASE("a viewer's part that TCP took in part, or not at all, aborts") {
    const std::int32_t result = GENERATE(10, 0, -EPIPE);
    ConnectionBench bench;
    bench.start_stream();
    bench.send_part();
    CHECK(bench.answer(Call::send_zero_copy, result) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::aborting);
    CHECK(bench.engine.count(Call::close) == 0);
    CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
    CHECK(bench.answer(Call::poll, -ECANCELED) == ConnectionEvent::none);
    bench.expect_close();
}
