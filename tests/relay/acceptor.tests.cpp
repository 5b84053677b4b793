#include "relay/acceptor.hpp"

#include <array>
#include <cerrno>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using relay::Acceptor;
using test::Asked;

namespace {

constexpr Duration accept_pause = 100ms;
constexpr io::OpToken first{io::OpKind::accept, 0, 1};
constexpr io::OpToken second{io::OpKind::accept, 1, 1};

/// Two listeners that accept.
struct Listening {
    Listening() { acceptor.start(); }

    [[nodiscard]] bool armed(io::OpToken listener) const {
        return engine.find(Asked::accept, listener) != nullptr;
    }
    /// The accept ends with this completion.
    std::optional<Acceptor::Accepted> end(io::OpToken listener, std::int32_t result) {
        return acceptor.on_accept(engine.answer(Asked::accept, listener, result));
    }
    /// One connection of a multishot accept, which goes on.
    std::optional<Acceptor::Accepted> accept(io::OpToken listener, std::int32_t socket) {
        return acceptor.on_accept({.token = listener, .result = socket, .more = true});
    }

    test::LogCapture log;
    test::FakeEngine engine;
    api::RelayCounters counters;
    std::array<int, 2> sockets{41, 42};
    Acceptor acceptor{engine, sockets, accept_pause, counters};
};

} // namespace

TEST_CASE("each listener accepts from the start, on its own socket") {
    const Listening listening;
    REQUIRE(listening.engine.operations.size() == 2);
    CHECK(listening.engine.find(Asked::accept, first)->fd == 41);
    CHECK(listening.engine.find(Asked::accept, second)->fd == 42);
    CHECK_FALSE(listening.acceptor.stopped());
    CHECK_FALSE(listening.acceptor.paused());
}

TEST_CASE("an accepted connection carries its socket and the index of its listener") {
    Listening listening;
    const auto one = listening.accept(second, 7);
    REQUIRE(one.has_value());
    CHECK(one->socket == 7);
    CHECK(one->listener == 1);
    const auto other = listening.accept(first, 8);
    REQUIRE(other.has_value());
    CHECK(other->socket == 8);
    CHECK(other->listener == 0);
}

TEST_CASE("an accept that goes on is not prepared a second time") {
    Listening listening;
    static_cast<void>(listening.accept(first, 7));
    CHECK(listening.engine.operations.size() == 2);
}

TEST_CASE("an accept that ended with a connection is prepared again at once") {
    Listening listening;
    const auto accepted = listening.end(first, 7);
    REQUIRE(accepted.has_value());
    CHECK(accepted->socket == 7);
    CHECK(listening.armed(first));
    CHECK(listening.engine.operations.size() == 2);
    CHECK(listening.counters.accept_errors == 0);
    CHECK_FALSE(listening.acceptor.paused());
}

TEST_CASE("a peer that left before it was accepted does not pause the listener") {
    const int error = GENERATE(ECONNABORTED, EINTR, EAGAIN, EPROTO);
    CAPTURE(error);
    Listening listening;
    CHECK_FALSE(listening.end(first, -error).has_value());
    CHECK(listening.armed(first));
    CHECK_FALSE(listening.acceptor.paused());
    CHECK(listening.counters.accept_errors == 1);
    CHECK(listening.counters.accept_pauses == 0);
}

TEST_CASE("without descriptors or memory a listener pauses, and the others go on") {
    const int error = GENERATE(EMFILE, ENFILE, ENOMEM, ENOBUFS);
    CAPTURE(error);
    Listening listening;
    CHECK_FALSE(listening.end(second, -error).has_value());
    CHECK_FALSE(listening.armed(second));
    CHECK(listening.armed(first));
    CHECK(listening.acceptor.paused());
    CHECK(listening.acceptor.deadline() == listening.engine.now() + accept_pause);
    CHECK(listening.counters.accept_errors == 1);
    CHECK(listening.counters.accept_pauses == 1);
}

TEST_CASE("a paused listener accepts again at its deadline and not before") {
    Listening listening;
    static_cast<void>(listening.end(first, -EMFILE));
    const Instant deadline = listening.acceptor.deadline();
    listening.acceptor.on_deadline(deadline - 1ns);
    CHECK_FALSE(listening.armed(first));
    listening.acceptor.on_deadline(deadline);
    CHECK(listening.armed(first));
    CHECK_FALSE(listening.acceptor.paused());
    CHECK(listening.acceptor.deadline() == never);
}

TEST_CASE("the deadline is that of the listener that paused first") {
    Listening listening;
    static_cast<void>(listening.end(second, -EMFILE));
    const Instant deadline = listening.acceptor.deadline();
    listening.engine.pass(10ms);
    static_cast<void>(listening.end(first, -EMFILE));
    CHECK(listening.acceptor.deadline() == deadline);
    listening.acceptor.on_deadline(deadline);
    CHECK(listening.armed(second));
    CHECK_FALSE(listening.armed(first));
    CHECK(listening.acceptor.deadline() == deadline + 10ms);
}

TEST_CASE("one line of the log tells of pauses, however many there are") {
    Listening listening;
    for (int round = 0; round < 3; ++round) {
        static_cast<void>(listening.end(first, -EMFILE));
        listening.engine.pass(accept_pause);
        listening.acceptor.on_deadline(listening.engine.now());
    }
    CHECK(listening.counters.accept_pauses == 3);
    CHECK(listening.log.count("LimitNOFILE", LogLevel::warning) == 1);
}

TEST_CASE("any other error pauses the listener too, but no limit is blamed for it") {
    Listening listening;
    static_cast<void>(listening.end(first, -EPERM));
    CHECK_FALSE(listening.armed(first));
    CHECK(listening.acceptor.paused());
    CHECK(listening.counters.accept_errors == 1);
    CHECK(listening.counters.accept_pauses == 0);
    CHECK(listening.log.count("") == 0);
}

TEST_CASE("stop cancels every accept, and is complete when each has answered") {
    Listening listening;
    listening.acceptor.stop();
    std::vector<io::OpToken> cancelled;
    for (const test::Operation& operation : listening.engine.operations) {
        if (operation.asked == Asked::cancel) {
            cancelled.push_back(operation.target);
        }
    }
    CHECK(cancelled == std::vector{first, second});
    CHECK_FALSE(listening.acceptor.stopped());
    CHECK_FALSE(listening.end(first, -ECANCELED).has_value());
    CHECK_FALSE(listening.acceptor.stopped());
    CHECK_FALSE(listening.end(second, -ECANCELED).has_value());
    CHECK(listening.acceptor.stopped());
    CHECK(listening.counters.accept_errors == 0);
    CHECK_FALSE(listening.armed(first));
    CHECK_FALSE(listening.armed(second));
}

TEST_CASE("a connection that arrives after stop is handed out, to be closed, and is the last") {
    Listening listening;
    listening.acceptor.stop();
    const auto accepted = listening.end(first, 7);
    REQUIRE(accepted.has_value());
    CHECK(accepted->socket == 7);
    CHECK_FALSE(listening.armed(first));
}

TEST_CASE("stop ends the pause of a listener, which accepts no more") {
    Listening listening;
    static_cast<void>(listening.end(first, -EMFILE));
    listening.acceptor.stop();
    CHECK(listening.acceptor.deadline() == never);
    listening.acceptor.on_deadline(listening.engine.now() + 1h);
    CHECK_FALSE(listening.armed(first));
    static_cast<void>(listening.end(second, -EMFILE)); // instead of -ECANCELED
    CHECK(listening.acceptor.deadline() == never);
    CHECK(listening.acceptor.stopped());
}
