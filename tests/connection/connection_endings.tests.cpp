// How a connection ends: by an abort, or in order. Nothing closes before everything under way is
// joined.

#include "connection/connection.hpp"

#include <algorithm>
#include <array>

#include <poll.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "connection/connection_bench.hpp"

using namespace ringcast;
using connection::Connection;
using connection::ConnectionEvent;
using connection::ConnectionListTag;
using connection::ConnectionState;
using connection::test::Call;
using connection::test::completion_of;
using connection::test::ConnectionBench;
using connection::test::notification_of;
using connection::test::request_text;

namespace {

constexpr Duration second = std::chrono::seconds(1);

/// A connection whose last reply is sent.
class DrainingBench : public ConnectionBench {
public:
    DrainingBench() {
        engine.monotonic += second;
        REQUIRE(serve(false) == ConnectionEvent::none);
        REQUIRE(connection.state() == ConnectionState::draining);
    }
};

} // namespace

// --- aborts ---

TEST_CASE("an aborted viewer closes when all that is under way is joined, in whatever order") {
    constexpr std::size_t parts = 5;
    std::array<std::size_t, parts> order{0, 1, 2, 3, 4};
    do {
        // The result of a send arrives before its notification.
        if (std::find(order.begin(), order.end(), 3U) > std::find(order.begin(), order.end(), 4U)) {
            continue;
        }
        ConnectionBench bench;
        bench.start_stream();
        const io::OpToken first = bench.send_unnotified();
        bench.send_part();
        const io::OpToken second_part = bench.engine.take(Call::send_zero_copy).token;
        bench.connection.abort(bench.context);
        REQUIRE(bench.connection.aborting());
        REQUIRE(bench.engine.count(Call::abort) == 1);
        CHECK(bench.engine.newest(Call::cancel).target == bench.engine.newest(Call::poll).token);

        const std::array<io::Completion, parts> completions{
            completion_of(bench.engine.take(Call::abort).token, 0),
            completion_of(bench.engine.take(Call::poll).token, -ECANCELED),
            notification_of(first),
            completion_of(second_part, -ECANCELED, true),
            notification_of(second_part, true),
        };
        for (std::size_t i = 0; i < parts; ++i) {
            REQUIRE(bench.engine.count(Call::close) == 0);
            REQUIRE(bench.context.counts.streaming == 1);
            REQUIRE(bench.complete(completions[order[i]]) == ConnectionEvent::none);
        }
        bench.expect_close();
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a viewer is counted until its descriptor is closed") {
    ConnectionBench bench;
    bench.start_stream();
    bench.connection.abort(bench.context);
    static_cast<void>(bench.answer(Call::abort, 0));
    static_cast<void>(bench.answer(Call::poll, -ECANCELED));
    bench.expect_close_only();
    CHECK(bench.context.counts.streaming == 1);
    CHECK(bench.stream_sends().viewers == 1);
    bench.expect_close();
}

TEST_CASE("a second abort does nothing, nor does one while the descriptor is being closed") {
    ConnectionBench bench;
    bench.connection.abort(bench.context);
    bench.connection.abort(bench.context);
    CHECK(bench.engine.count(Call::abort) == 1);
    CHECK(bench.connection.deadline() == never); // of its request
    static_cast<void>(bench.answer(Call::abort, 0));
    static_cast<void>(bench.answer(Call::receive, -ECANCELED));
    bench.connection.abort(bench.context);
    CHECK(bench.engine.count(Call::abort) == 0);
    bench.expect_close();
}

TEST_CASE("what is received while a connection is aborted is not parsed") {
    ConnectionBench bench;
    bench.connection.abort(bench.context);
    CHECK(bench.receive(request_text) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::close) == 0);
    CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a reply that is complete while its connection is aborted has no sequel") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.start_stream(bench.context, "head", {.stream = connection::test::stream},
                                  true);
    bench.connection.abort(bench.context);
    CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::close) == 0);
    CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("when an abort fails the connection is shut down instead, once") {
    ConnectionBench bench;
    bench.start_stream();
    const io::OpToken pinned = bench.send_unnotified();
    bench.connection.abort(bench.context);
    CHECK(bench.engine.aborted_as == io::Transport::tcp);
    static_cast<void>(bench.answer(Call::abort, -EACCES));
    REQUIRE(bench.engine.count(Call::abort) == 1);
    CHECK(bench.engine.newest(Call::abort).socket == bench.endpoint.socket);
    CHECK(bench.engine.aborted_as == io::Transport::unix_socket);
    static_cast<void>(bench.answer(Call::abort, GENERATE(0, -ENOTCONN, -EACCES)));
    CHECK(bench.engine.count(Call::abort) == 0);
    CHECK(bench.engine.count(Call::close) == 0);
    static_cast<void>(bench.answer(Call::poll, -ECANCELED));
    static_cast<void>(bench.complete(notification_of(pinned)));
    bench.expect_close();
}

TEST_CASE("an abort that fails when nothing is under way any more is the end") {
    ConnectionBench bench;
    bench.start_stream();
    bench.connection.abort(bench.context);
    const std::int32_t result = GENERATE(-EACCES, -ENOTCONN);
    static_cast<void>(bench.answer(Call::poll, -ECANCELED));
    static_cast<void>(bench.answer(Call::abort, result));
    CHECK(bench.engine.count(Call::abort) == 0);
    bench.expect_close();
}

TEST_CASE("an abort before a snapshot's body is sent releases its frame at once") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply_with_jpeg(bench.context, "head", bench.make_frame(),
                                     connection::test::stream, true);
    bench.connection.abort(bench.context);
    CHECK(bench.all_slots_free());
    CHECK(bench.answer(Call::send, -ECANCELED) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::close) == 0);
    CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a viewer that leaves is aborted, and closed at once if nothing is under way") {
    ConnectionBench bench;
    bench.start_stream();

    SECTION("idle") {
        CHECK(bench.answer(Call::poll, POLLHUP) == ConnectionEvent::none);
        CHECK(bench.engine.count(Call::abort) == 0);
    }
    SECTION("with a send under way") {
        bench.send_part();
        CHECK(bench.answer(Call::poll, POLLHUP) == ConnectionEvent::none);
        CHECK(bench.engine.count(Call::cancel) == 0); // the poll is over
        CHECK(bench.answer(Call::abort, 0) == ConnectionEvent::none);
        CHECK(bench.engine.count(Call::close) == 0);
        CHECK(bench.answer(Call::send_zero_copy, -ECANCELED) == ConnectionEvent::none);
    }
    bench.expect_close();
}

// --- lists ---

TEST_CASE("a viewer that is sent a frame, drained or aborted leaves the list that it is in") {
    container::IntrusiveList<Connection, ConnectionListTag> list;
    ConnectionBench bench;
    bench.start_stream();
    list.push_back(bench.connection);

    SECTION("sent a frame") {
        bench.send_part();
    }
    SECTION("drained") {
        bench.connection.drain(bench.context);
    }
    SECTION("aborted") {
        bench.connection.abort(bench.context);
    }
    CHECK(list.empty());
}

TEST_CASE("a waiting snapshot that is answered leaves the list that it is in") {
    container::IntrusiveList<Connection, ConnectionListTag> list;
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.wait(bench.context, bench.engine.now() + std::chrono::seconds(1));
    list.push_back(bench.connection);
    bench.connection.reply(bench.context, "reply", true);
    CHECK(list.empty());
}

// --- the end in order ---

TEST_CASE("after its last reply a connection is shut down and closed when the peer has ended") {
    DrainingBench bench;
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.drain_timeout);
    CHECK(bench.engine.count(Call::abort) == 0);

    SECTION("the shutdown is complete first") {
        CHECK(bench.answer(Call::shutdown, 0) == ConnectionEvent::none);
        CHECK(bench.engine.count(Call::close) == 0);
        CHECK(bench.answer(Call::receive, 0) == ConnectionEvent::none);
    }
    SECTION("the peer ends first") {
        CHECK(bench.answer(Call::receive, 0) == ConnectionEvent::none);
        CHECK(bench.engine.count(Call::close) == 0);
        CHECK(bench.answer(Call::shutdown, 0) == ConnectionEvent::none);
    }
    bench.expect_close();
}

TEST_CASE("input after the last reply is discarded up to a bound") {
    DrainingBench bench;
    static_cast<void>(bench.answer(Call::shutdown, 0));
    bench.settings.drain_bytes_max = 2000;
    CHECK(bench.answer(Call::receive, 1000) == ConnectionEvent::none);
    CHECK(bench.answer(Call::receive, 999) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::close) == 0);
    CHECK(bench.answer(Call::receive, 1) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a peer that ends its side while a snapshot's pages are in use is drained") {
    ConnectionBench bench;
    REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
    bench.connection.reply_with_jpeg(bench.context, "head", bench.make_frame(),
                                     connection::test::stream, true);
    static_cast<void>(bench.answer_whole(Call::send));
    const io::OpToken body = bench.engine.newest(Call::send_zero_copy).token;
    static_cast<void>(bench.answer_whole(Call::send_zero_copy, true));

    CHECK(bench.answer(Call::receive, 0) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::draining);
    static_cast<void>(bench.answer(Call::shutdown, 0));
    static_cast<void>(bench.answer(Call::receive, 0));
    CHECK(bench.engine.count(Call::abort) == 0);
    CHECK(bench.engine.count(Call::close) == 0);
    static_cast<void>(bench.complete(notification_of(body)));
    bench.expect_close();
}

TEST_CASE("a viewer that sends no more is served, and closed in order at the end of its stream") {
    ConnectionBench bench;
    bench.start_stream();
    static_cast<void>(bench.answer(Call::poll, POLLRDHUP));
    CHECK(bench.connection.state() == ConnectionState::idle);
    CHECK(bench.engine.operations.empty());
    const io::OpToken part = bench.send_unnotified();
    CHECK(bench.connection.state() == ConnectionState::idle);
    SECTION("at the end of its stream") {
        bench.connection.drain(bench.context);
        static_cast<void>(bench.answer(Call::shutdown, 0));
        CHECK(bench.engine.count(Call::close) == 0);
        static_cast<void>(bench.complete(notification_of(part)));
        CHECK(bench.engine.count(Call::abort) == 0);
    }
    SECTION("or aborted when it has left, as a failed send shows") {
        bench.send_part();
        static_cast<void>(bench.answer(Call::send_zero_copy, -EPIPE));
        CHECK(bench.connection.aborting());
        static_cast<void>(bench.answer(Call::abort, -ENOTCONN));
        static_cast<void>(bench.complete(notification_of(part)));
    }
    bench.expect_close();
}

TEST_CASE("a drained viewer closes after its peer has left and its pages are free") {
    ConnectionBench bench;
    bench.start_stream();
    const io::OpToken part = bench.send_unnotified();
    bench.connection.drain(bench.context);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.drain_timeout);
    CHECK(bench.engine.count(Call::receive) == 0); // its hangup is polled for
    static_cast<void>(bench.answer(Call::shutdown, 0));

    bench.engine.monotonic += second;
    SECTION("the peer leaves first") {
        static_cast<void>(bench.answer(Call::poll, POLLHUP));
        CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.stall_timeout);
        CHECK(bench.engine.count(Call::close) == 0);
        static_cast<void>(bench.complete(notification_of(part)));
    }
    SECTION("the pages are free first") {
        static_cast<void>(bench.complete(notification_of(part)));
        CHECK(bench.engine.count(Call::close) == 0);
        static_cast<void>(bench.answer(Call::poll, POLLHUP));
    }
    CHECK(bench.engine.count(Call::abort) == 0);
    bench.expect_close();
}

TEST_CASE("a connection whose time for draining is over closes without its peer's end") {
    DrainingBench bench;
    static_cast<void>(bench.answer(Call::shutdown, 0));
    bench.engine.monotonic += second;
    bench.connection.end_drain(bench.context);
    CHECK(bench.engine.count(Call::abort) == 0);
    CHECK(bench.engine.newest(Call::cancel).target == bench.engine.newest(Call::receive).token);
    CHECK(bench.engine.count(Call::close) == 0); // the kernel may still write into the exchange

    const std::int32_t result = GENERATE(-ECANCELED, 100); // it may have been too late to cancel
    static_cast<void>(bench.answer(Call::receive, result));
    bench.expect_close();
}

TEST_CASE("a viewer whose time for draining is over closes when its pages are free") {
    ConnectionBench bench;
    bench.start_stream();
    const io::OpToken part = bench.send_unnotified();
    bench.connection.drain(bench.context);
    static_cast<void>(bench.answer(Call::shutdown, 0));
    bench.engine.monotonic += second;
    bench.connection.end_drain(bench.context);
    CHECK(bench.engine.newest(Call::cancel).target == bench.engine.newest(Call::poll).token);
    static_cast<void>(bench.answer(Call::poll, -ECANCELED));
    CHECK(bench.connection.state() == ConnectionState::draining);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.stall_timeout);

    SECTION("in time") {
        static_cast<void>(bench.complete(notification_of(part)));
        CHECK(bench.engine.count(Call::abort) == 0);
    }
    SECTION("or is aborted when the time for that is over too") {
        bench.connection.end_drain(bench.context);
        CHECK(bench.connection.aborting());
        CHECK(bench.engine.count(Call::close) == 0);
        static_cast<void>(bench.answer(Call::abort, 0));
        CHECK(bench.engine.count(Call::close) == 0);
        static_cast<void>(bench.complete(notification_of(part)));
    }
    bench.expect_close();
}

// --- evictions ---

TEST_CASE("an evicted connection between two requests closes in order") {
    ConnectionBench bench;
    REQUIRE(bench.serve(true) == ConnectionEvent::none);
    REQUIRE(bench.context.places.size() == 1);
    bench.connection.evict(bench.context);
    CHECK(bench.context.places.size() == 0);
    CHECK(bench.engine.count(Call::abort) == 0);
    CHECK(bench.engine.newest(Call::cancel).target == bench.engine.newest(Call::receive).token);
    CHECK(bench.answer(Call::receive, -ECANCELED) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a request that arrives during an eviction is ignored") {
    ConnectionBench bench;
    REQUIRE(bench.serve(true) == ConnectionEvent::none);
    bench.connection.evict(bench.context);
    CHECK(bench.receive(request_text) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("an evicted connection whose last reply is sent closes in order") {
    DrainingBench bench;
    REQUIRE(bench.context.places.size() == 1);
    bench.connection.evict(bench.context);
    CHECK(bench.context.places.size() == 0);
    CHECK(bench.engine.count(Call::abort) == 0);
    CHECK(bench.answer(Call::receive, -ECANCELED) == ConnectionEvent::none);
    CHECK(bench.engine.count(Call::close) == 0); // its shutdown is under way
    CHECK(bench.answer(Call::shutdown, 0) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("a connection with a request or a reply under way is aborted when it is evicted") {
    ConnectionBench bench;
    SECTION("nothing has arrived") {}
    SECTION("a part of a head has arrived") {
        REQUIRE(bench.receive("GET /") == ConnectionEvent::none);
    }
    SECTION("a part of the next head has arrived") {
        REQUIRE(bench.serve(true) == ConnectionEvent::none);
        REQUIRE(bench.receive("GET /") == ConnectionEvent::none);
    }
    SECTION("a reply is being sent") {
        REQUIRE(bench.receive(request_text) == ConnectionEvent::request);
        bench.connection.reply(bench.context, "reply", true);
    }
    bench.connection.evict(bench.context);
    CHECK(bench.connection.aborting());
    CHECK(bench.context.places.size() == 0);
    CHECK(bench.engine.count(Call::abort) == 1);
}

TEST_CASE("a connection has a place for requests until it is a stream or ends") {
    ConnectionBench bench;
    CHECK(bench.context.places.size() == 1);
    SECTION("a stream") {
        bench.start_stream();
        CHECK(bench.context.places.size() == 0);
        bench.connection.drain(bench.context);
    }
    SECTION("drained") {
        REQUIRE(bench.serve(false) == ConnectionEvent::none);
        CHECK(bench.context.places.size() == 1);
        CHECK(bench.answer(Call::shutdown, 0) == ConnectionEvent::none);
        CHECK(bench.answer(Call::receive, 0) == ConnectionEvent::none);
        CHECK(bench.connection.state() == ConnectionState::closing);
    }
    SECTION("aborted") {
        bench.connection.abort(bench.context);
    }
    CHECK(bench.context.places.size() == 0);
}
