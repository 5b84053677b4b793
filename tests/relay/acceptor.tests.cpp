#include "relay/acceptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using relay::Acceptor;
using test::Asked;

namespace {

constexpr Duration accept_pause = 100ms;
constexpr std::uint32_t accepts_max = 4; // two for each listener
constexpr std::uint32_t places_enough = 100;

/// The token of an accept on the first or the second listener.
constexpr io::OpToken accept_token(std::uint32_t listener, std::uint32_t index) {
    return {io::OpKind::accept, listener * 64 + index, 1};
}

/// Two listeners that accept.
struct Listening {
    explicit Listening(std::uint32_t places = places_enough) { acceptor.accept_up_to(places); }

    [[nodiscard]] std::size_t under_way(std::uint32_t listener) const {
        const int fd = sockets.at(listener);
        return static_cast<std::size_t>(
            std::ranges::count_if(engine.operations, [fd](const test::Operation& operation) {
                return operation.asked == Asked::accept && operation.fd == fd;
            }));
    }
    /// An accept ends with this result.
    std::optional<Acceptor::Accepted> end(std::uint32_t listener, std::int32_t result,
                                          std::uint32_t index = 0) {
        return acceptor.on_accept(
            engine.answer(Asked::accept, accept_token(listener, index), result));
    }
    void turn(std::uint32_t places = places_enough) { acceptor.accept_up_to(places); }

    test::LogCapture log;
    test::FakeEngine engine;
    api::RelayCounters counters;
    std::array<int, 2> sockets{41, 42};
    Acceptor acceptor{engine, sockets, {accept_pause, accepts_max}, counters};
};

} // namespace

TEST_CASE("each listener has its part of the accepts under way") {
    const Listening listening;
    CHECK(listening.under_way(0) == 2);
    CHECK(listening.under_way(1) == 2);
    CHECK_FALSE(listening.acceptor.stopped());
    CHECK_FALSE(listening.acceptor.paused());
}

TEST_CASE("there is one accept for each listener, however many listeners there are") {
    test::FakeEngine engine;
    api::RelayCounters counters;
    const std::vector<int> sockets(accepts_max + 1, 40);
    Acceptor acceptor(engine, sockets, {accept_pause, accepts_max}, counters);
    acceptor.accept_up_to(places_enough);
    CHECK(engine.operations.size() == accepts_max + 1);
}

TEST_CASE("an accepted connection carries its socket and the index of its listener") {
    Listening listening;
    const auto one = listening.end(1, 7);
    REQUIRE(one.has_value());
    CHECK(one->socket == 7);
    CHECK(one->listener == 1);
    const auto other = listening.end(0, 8);
    REQUIRE(other.has_value());
    CHECK(other->socket == 8);
    CHECK(other->listener == 0);
    CHECK(listening.counters.accept_errors == 0);
}

TEST_CASE("an accept that has ended is followed by another one in the next turn") {
    Listening listening;
    static_cast<void>(listening.end(0, 7));
    static_cast<void>(listening.end(0, 8, 1));
    CHECK(listening.under_way(0) == 0);
    listening.turn();
    CHECK(listening.under_way(0) == 2);
    CHECK(listening.under_way(1) == 2);
    listening.turn();
    CHECK(listening.engine.operations.size() == accepts_max);
}

TEST_CASE("no more accepts are under way than there are places") {
    for (std::uint32_t places = 0; places <= accepts_max; ++places) {
        CAPTURE(places);
        Listening listening(places);
        CHECK(listening.engine.operations.size() == places);
        if (places > 0) {
            REQUIRE(listening.end(0, 7).has_value());
            listening.turn(places - 1);
            CHECK(listening.engine.operations.size() == places - 1);
        }
    }
}

TEST_CASE("a peer that left before it was accepted does not pause the listener") {
    const int error = GENERATE(ECONNABORTED, EINTR, EAGAIN, EPROTO);
    CAPTURE(error);
    Listening listening;
    CHECK_FALSE(listening.end(0, -error).has_value());
    CHECK_FALSE(listening.acceptor.paused());
    listening.turn();
    CHECK(listening.under_way(0) == 2);
    CHECK(listening.counters.accept_errors == 1);
    CHECK(listening.counters.accept_pauses == 0);
}

TEST_CASE("without descriptors or memory a listener pauses, and the others go on") {
    const int error = GENERATE(EMFILE, ENFILE, ENOMEM, ENOBUFS);
    CAPTURE(error);
    Listening listening;
    CHECK_FALSE(listening.end(1, -error).has_value());
    CHECK_FALSE(listening.end(1, -error, 1).has_value());
    static_cast<void>(listening.end(0, 7));
    listening.turn();
    CHECK(listening.under_way(1) == 0);
    CHECK(listening.under_way(0) == 2);
    CHECK(listening.acceptor.paused());
    CHECK(listening.acceptor.deadline() == listening.engine.now() + accept_pause);
    CHECK(listening.counters.accept_errors == 2);
    CHECK(listening.counters.accept_pauses == 1);
}

TEST_CASE("a paused listener accepts again at its deadline and not before") {
    Listening listening;
    static_cast<void>(listening.end(0, -EMFILE));
    static_cast<void>(listening.end(0, -EMFILE, 1));
    listening.engine.pass(accept_pause - 1ns);
    listening.turn();
    CHECK(listening.under_way(0) == 0);
    listening.engine.pass(1ns);
    listening.turn();
    CHECK(listening.under_way(0) == 1);
    CHECK_FALSE(listening.acceptor.paused());
    CHECK(listening.acceptor.deadline() == never);
}

TEST_CASE("after an error one accept is tried at a time, until it succeeds") {
    Listening listening;
    static_cast<void>(listening.end(0, -EMFILE));
    static_cast<void>(listening.end(0, -EMFILE, 1));
    listening.engine.pass(accept_pause);
    listening.turn();
    listening.turn();
    REQUIRE(listening.under_way(0) == 1);
    static_cast<void>(listening.end(0, 7));
    listening.turn();
    CHECK(listening.under_way(0) == 2);
}

TEST_CASE("the deadline is that of the listener that paused first") {
    Listening listening;
    static_cast<void>(listening.end(1, -EMFILE));
    const Instant deadline = listening.acceptor.deadline();
    listening.engine.pass(10ms);
    static_cast<void>(listening.end(0, -EMFILE));
    CHECK(listening.acceptor.deadline() == deadline);
    listening.engine.pass(deadline - listening.engine.now());
    listening.turn();
    CHECK(listening.acceptor.deadline() == deadline + 10ms);
}

TEST_CASE("one line of the log tells of pauses, however many there are") {
    Listening listening;
    static_cast<void>(listening.end(0, 7, 1)); // the other accept of this listener
    for (int round = 0; round < 3; ++round) {
        static_cast<void>(listening.end(0, -EMFILE));
        listening.engine.pass(accept_pause);
        listening.turn();
    }
    CHECK(listening.counters.accept_pauses == 3);
    CHECK(listening.log.count("LimitNOFILE", LogLevel::warning) == 1);
}

TEST_CASE("any other error pauses the listener too, but no limit is blamed for it") {
    Listening listening;
    static_cast<void>(listening.end(0, -EPERM));
    CHECK(listening.acceptor.paused());
    CHECK(listening.counters.accept_errors == 1);
    CHECK(listening.counters.accept_pauses == 0);
    CHECK(listening.log.count("") == 0);
}

TEST_CASE("stop cancels every accept, and is complete when each has answered") {
    Listening listening;
    listening.acceptor.stop();
    const std::vector tokens{accept_token(0, 0), accept_token(0, 1), accept_token(1, 0),
                             accept_token(1, 1)};
    std::vector<io::OpToken> cancelled;
    for (const test::Operation& operation : listening.engine.operations) {
        if (operation.asked == Asked::cancel) {
            cancelled.push_back(operation.target);
        }
    }
    CHECK(cancelled == tokens);
    for (std::uint32_t listener = 0; listener < 2; ++listener) {
        for (std::uint32_t index = 0; index < 2; ++index) {
            CHECK_FALSE(listening.acceptor.stopped());
            CHECK_FALSE(listening.end(listener, -ECANCELED, index).has_value());
        }
    }
    CHECK(listening.acceptor.stopped());
    CHECK(listening.counters.accept_errors == 0);
    listening.turn();
    CHECK(listening.under_way(0) == 0);
    CHECK(listening.under_way(1) == 0);
}

TEST_CASE("a connection that arrives after stop is handed out, to be closed") {
    Listening listening;
    listening.acceptor.stop();
    const auto accepted = listening.end(0, 7);
    REQUIRE(accepted.has_value());
    CHECK(accepted->socket == 7);
    listening.turn();
    CHECK(listening.under_way(0) == 1); // the other one, which is being cancelled
}

TEST_CASE("stop ends the pause of a listener, which accepts no more") {
    Listening listening;
    static_cast<void>(listening.end(0, -EMFILE));
    listening.acceptor.stop();
    CHECK(listening.acceptor.deadline() == never);
    static_cast<void>(listening.end(1, -EMFILE)); // instead of -ECANCELED
    CHECK(listening.acceptor.deadline() == never);
    listening.engine.pass(1h);
    listening.turn();
    CHECK(listening.under_way(0) == 1);
}

TEST_CASE("a listener that is added has its part of the accepts, which others give up") {
    Listening listening;
    const int socket = 43;
    listening.acceptor.add(2, socket);
    CHECK(listening.acceptor.place_count() == 3);
    std::vector<io::OpToken> cancelled;
    for (const test::Operation& operation : listening.engine.operations) {
        if (operation.asked == Asked::cancel) {
            cancelled.push_back(operation.target);
        }
    }
    CHECK(cancelled == std::vector{accept_token(0, 1), accept_token(1, 1)});
    CHECK_FALSE(listening.end(0, -ECANCELED, 1).has_value());
    CHECK_FALSE(listening.end(1, -ECANCELED, 1).has_value());
    CHECK(listening.counters.accept_errors == 0);
    CHECK_FALSE(listening.acceptor.paused());
    listening.turn();
    CHECK(listening.under_way(0) == 1);
    CHECK(listening.under_way(1) == 1);
    const auto accepted = listening.end(2, 7);
    REQUIRE(accepted.has_value());
    CHECK(accepted->listener == 2);
}

TEST_CASE(
    "a listener that is removed accepts no more, and its place is vacant after the last accept") {
    Listening listening;
    listening.acceptor.remove(0);
    listening.turn();
    CHECK_FALSE(listening.acceptor.vacant(0));
    CHECK_FALSE(listening.end(0, -ECANCELED, 0).has_value());
    const auto accepted = listening.end(0, 7, 1); // it was faster than the cancel
    REQUIRE(accepted.has_value());
    CHECK(accepted->listener == 0);
    CHECK(listening.acceptor.vacant(0));
    CHECK_FALSE(listening.acceptor.vacant(1));
    listening.turn();
    CHECK(listening.under_way(0) == 0);
    CHECK(listening.under_way(1) == accepts_max); // all of them are its own
    CHECK(listening.counters.accept_errors == 0);

    listening.acceptor.add(0, 44); // the place can be used again
    listening.turn();
    CHECK_FALSE(listening.acceptor.vacant(0));
}

TEST_CASE("a listener that waits after an error can be removed") {
    Listening listening;
    static_cast<void>(listening.end(0, -EMFILE, 0));
    CHECK(listening.acceptor.paused());
    listening.acceptor.remove(0);
    CHECK_FALSE(listening.acceptor.paused());
    static_cast<void>(listening.end(0, -EMFILE, 1));
    CHECK_FALSE(listening.acceptor.paused());
    CHECK(listening.acceptor.vacant(0));
}
