// The body of a request: how a connection receives it, and what can happen meanwhile.

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "connection/connection_bench.hpp"

using namespace ringcast;
using connection::ConnectionEvent;
using connection::ConnectionState;
using connection::test::Call;
using connection::test::ConnectionBench;
using connection::test::request_text;
using connection::test::unix_endpoint;

namespace {

constexpr Duration second = std::chrono::seconds(1);
constexpr std::string_view head = "PUT /controls HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
constexpr std::string_view expecting_head = "PUT /controls HTTP/1.1\r\nHost: a\r\n"
                                            "Expect: 100-continue\r\nContent-Length: 6\r\n\r\n";
constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";

/// Replies to the request whose body is whole, and keeps the connection.
ConnectionEvent reply(ConnectionBench& bench) {
    bench.connection.reply(bench.context, "reply", true);
    return bench.answer_whole(Call::send);
}

} // namespace

TEST_CASE("a body that has arrived with its head is complete at once, and so is what follows it") {
    ConnectionBench bench;
    REQUIRE(bench.receive(std::string(head) + "{body}" + std::string(request_text)) ==
            ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.body_unread());
    CHECK(bench.connection.read_body(bench.context));
    CHECK(bench.engine.operations.empty());
    CHECK(bench.connection.exchange().reader.body() == "{body}");
    CHECK(reply(bench) == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/stream");
}

TEST_CASE("a body may arrive in pieces, within one time-out that begins behind the head") {
    ConnectionBench bench;
    bench.engine.monotonic += second;
    REQUIRE(bench.receive(std::string(head) + "{b") == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    const Instant deadline = bench.engine.now() + bench.settings.head_timeout;
    for (const std::string_view piece : {"o", "dy"}) {
        CHECK(bench.connection.state() == ConnectionState::reading);
        CHECK(bench.connection.deadline() == deadline);
        bench.engine.monotonic += second;
        CHECK(bench.receive(piece) == ConnectionEvent::none);
    }
    // Only the body is received: the request behind it is read when this one has been answered.
    CHECK(bench.engine.newest(Call::receive).into.size() == 1);
    CHECK(bench.receive("}") == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.body() == "{body}");
    CHECK(reply(bench) == ConnectionEvent::none);
    CHECK(bench.connection.exchange().reader.idle());
    CHECK(bench.receive(request_text) == ConnectionEvent::request);
    CHECK(bench.connection.exchange().reader.request().path == "/stream");
}

TEST_CASE("the body of a request that has waited for its turn is received") {
    ConnectionBench bench;
    REQUIRE(bench.receive(head) == ConnectionEvent::request);
    bench.connection.wait(bench.context, never);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.receive("{body}") == ConnectionEvent::request);
    CHECK(reply(bench) == ConnectionEvent::none);
}

TEST_CASE("a client that expects it is told to send its body") {
    ConnectionBench bench(GENERATE(connection::test::remote_endpoint(), unix_endpoint()));
    REQUIRE(bench.receive(expecting_head) == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    CHECK(bench.connection.deadline() == never); // the stall time-out counts
    CHECK(as_text(bench.engine.newest(Call::send).bytes) == interim);
    CHECK(bench.engine.count(Call::receive) == 0);
    bench.engine.monotonic += second;
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.context.counts.handshaking == 1); // the reply itself is due
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.head_timeout);
    CHECK(bench.receive("{body}") == ConnectionEvent::request);
    CHECK(reply(bench) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::reading);
}

TEST_CASE("a client that sends its body without being told is told nothing") {
    ConnectionBench bench;
    REQUIRE(bench.receive(std::string(expecting_head) + "{body}") == ConnectionEvent::request);
    CHECK(bench.connection.read_body(bench.context));
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a peer that leaves in the middle of a body is closed") {
    const std::int32_t result = GENERATE(0, -ECONNRESET);
    ConnectionBench bench;
    REQUIRE(bench.receive(head) == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    CHECK(bench.receive("{bo") == ConnectionEvent::none);
    CHECK(bench.answer(Call::receive, result) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a peer that does not take the interim response is closed") {
    const std::int32_t result = GENERATE(3, 0, -EPIPE);
    ConnectionBench bench;
    REQUIRE(bench.receive(expecting_head) == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    CHECK(bench.answer(Call::send, result) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a body that does not arrive in time can be answered, and the connection drained") {
    ConnectionBench bench;
    REQUIRE(bench.receive(head) == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    CHECK(bench.receive("{bo") == ConnectionEvent::none);
    CHECK_FALSE(bench.connection.exchange().reader.idle());
    bench.connection.reply(bench.context, "408", false);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::draining);
    CHECK(bench.receive("dy}") == ConnectionEvent::none); // in what was to be the body
    CHECK(bench.connection.state() == ConnectionState::draining);
}

TEST_CASE("a connection that is to end while a body is awaited is drained") {
    ConnectionBench bench;
    REQUIRE(bench.receive(expecting_head) == ConnectionEvent::request);
    REQUIRE_FALSE(bench.connection.read_body(bench.context));
    bench.connection.end_soon(); // the interim response is on its way
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::draining);
}

TEST_CASE("a body that is refused is never read as a request") {
    ConnectionBench bench;
    REQUIRE(bench.receive(std::string(head) + "{body}" + std::string(request_text)) ==
            ConnectionEvent::request);
    bench.connection.reply(bench.context, "403", false);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::draining);
    CHECK(bench.receive(request_text) == ConnectionEvent::none);
}
