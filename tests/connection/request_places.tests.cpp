#include "connection/request_places.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "connection/bench.hpp"

using namespace ringcast;
using connection::Connection;
using connection::RequestPlaces;

namespace {

constexpr std::uint32_t share = 3;

/// Places, and connections that never do anything by themselves: the first six of one address each,
/// the others of address 1000.
struct Places {
    Places() {
        for (std::size_t i = 0; i < connections.size(); ++i) {
            places.enter(connections.at(i), i < single_count ? i : crowd_network);
        }
    }
    ~Places() {
        for (Connection& connection : connections) {
            places.remove(connection);
            places.leave(connection);
        }
    }
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    Places(Places&&) = delete;
    Places& operator=(Places&&) = delete;

    [[nodiscard]] std::size_t next() {
        return static_cast<std::size_t>(&places.next_to_yield().connection - connections.data());
    }
    /// The order in which all of them yield.
    [[nodiscard]] std::vector<std::size_t> order() {
        std::vector<std::size_t> numbers;
        while (places.size() > 0) {
            numbers.push_back(next());
            places.remove(connections.at(numbers.back()));
        }
        return numbers;
    }
    void set_busy(std::initializer_list<std::size_t> numbers) {
        for (const std::size_t number : numbers) {
            places.set_busy(connections.at(number));
        }
    }

    static constexpr std::size_t single_count = 6;
    static constexpr std::uint64_t crowd_network = 1000;
    std::array<Connection, 2 * single_count> connections;
    RequestPlaces places{
        RequestPlaces::Settings{.connections_max = 2 * single_count, .share = share}};
};

} // namespace

TEST_CASE("the connection that has been silent longest yields first") {
    Places all;
    all.set_busy({4, 1, 3});
    CHECK(all.places.size() == 3);
    CHECK(all.order() == std::vector<std::size_t>{4, 1, 3});
}

TEST_CASE("a connection that takes a step yields last of its kind") {
    Places all;
    all.set_busy({0, 1, 2, 3, 4, 5, 0, 3});
    CHECK(all.places.size() == 6);
    CHECK(all.order() == std::vector<std::size_t>{1, 2, 4, 5, 0, 3});
}

TEST_CASE("idle connections yield before all others, however short they have been idle") {
    Places all;
    all.set_busy({0, 1, 2, 3, 4, 5});
    all.places.set_idle(all.connections[5]);
    all.places.set_idle(all.connections[2]);
    CHECK(all.order() == std::vector<std::size_t>{5, 2, 0, 1, 3, 4});
}

TEST_CASE("an idle connection that takes a step is busy again") {
    Places all;
    all.places.set_idle(all.connections[0]);
    all.places.set_idle(all.connections[1]);
    all.places.set_busy(all.connections[0]);
    CHECK(all.places.size() == 2);
    CHECK(all.order() == std::vector<std::size_t>{1, 0});
}

TEST_CASE("a connection can be removed in any state, and twice") {
    Places all;
    all.places.remove(all.connections[0]);
    all.places.set_idle(all.connections[0]);
    all.places.set_busy(all.connections[1]);
    all.places.remove(all.connections[0]);
    all.places.remove(all.connections[0]);
    CHECK(all.places.size() == 1);
    CHECK(all.order() == std::vector<std::size_t>{1});
}

TEST_CASE("an address with more than its share yields first, whoever has been silent longest") {
    Places all;
    all.set_busy({0, 6, 7, 1, 8, 9, 10});
    all.places.set_idle(all.connections[2]);
    const RequestPlaces::Yielding yielding = all.places.next_to_yield();
    CHECK(&yielding.connection == &all.connections[6]);
    CHECK(yielding.over_share);
    CHECK(yielding.requests == 5);
    // With its share left, it yields like the others: idle ones first, then by silence.
    CHECK(all.order() == std::vector<std::size_t>{6, 7, 2, 0, 1, 8, 9, 10});
}

TEST_CASE("within an address idle connections yield before the others") {
    Places all;
    all.set_busy({6, 7, 8, 9});
    all.places.set_idle(all.connections[9]);
    CHECK(all.next() == 9);
}

TEST_CASE("of two addresses with more than their share the one with more yields") {
    Places all;
    for (const std::size_t number : {0U, 1U, 2U, 3U}) {
        all.places.leave(all.connections.at(number));
        all.places.enter(all.connections.at(number), 7);
    }
    all.set_busy({0, 1, 2, 3});         // four of address 7, silent longest
    all.set_busy({6, 7, 8, 9, 10, 11}); // six of address 1000
    CHECK(all.order() == std::vector<std::size_t>{6, 7, 0, 8, 1, 2, 3, 9, 10, 11});
}

TEST_CASE("at its share an address yields like the others, and the line says so") {
    Places all;
    all.set_busy({0, 6, 7, 8});
    const RequestPlaces::Yielding yielding = all.places.next_to_yield();
    CHECK(&yielding.connection == &all.connections[0]);
    CHECK_FALSE(yielding.over_share);
    CHECK(yielding.requests == 1);
}

TEST_CASE("streams are counted by address, and take no share of its requests") {
    Places all;
    all.set_busy({6, 7, 8, 9});
    for (const std::size_t number : {6U, 7U}) {
        all.places.set_viewer(all.connections.at(number));
    }
    CHECK(all.places.size() == 2);
    CHECK(all.places.viewers_from(all.connections[8]) == 2);
    CHECK(all.places.viewers_from(all.connections[0]) == 0);
    CHECK_FALSE(all.places.next_to_yield().over_share);
    all.places.leave(all.connections[6]);
    CHECK(all.places.viewers_from(all.connections[8]) == 1);
    all.places.enter(all.connections[6], 0);
}

TEST_CASE("a connection that moves counts for its new address alone") {
    Places all;
    all.set_busy({0, 6, 7, 8, 9, 1}); // four of address 1000, one more than its share
    all.places.set_viewer(all.connections[0]);
    all.places.set_viewer(all.connections[10]);
    all.places.move(all.connections[6], 0);
    CHECK(all.places.size() == 5);
    CHECK(all.places.viewers_from(all.connections[6]) == 1);
    CHECK(all.places.viewers_from(all.connections[7]) == 1);
    CHECK_FALSE(all.places.next_to_yield().over_share);
    all.places.set_viewer(all.connections[6]);
    CHECK(all.places.viewers_from(all.connections[0]) == 2);
    CHECK(all.places.viewers_from(all.connections[7]) == 1);
    CHECK(all.order() == std::vector<std::size_t>{7, 8, 9, 1});
}

TEST_CASE("a connection that moves has taken a step, and one that stays where it is has not") {
    Places all;
    all.set_busy({2, 3, 4});
    all.places.move(all.connections[2], 2);
    all.places.move(all.connections[3], Places::crowd_network);
    CHECK(all.order() == std::vector<std::size_t>{2, 4, 3});
}

TEST_CASE("connections of as many addresses as there are places can move") {
    std::vector<Connection> connections(4);
    RequestPlaces places({.connections_max = 4, .share = share});
    for (std::size_t i = 0; i < connections.size(); ++i) {
        places.enter(connections[i], i);
        places.set_busy(connections[i]);
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
        places.move(connections[i], 100 + i);
    }
    CHECK(places.size() == 4);
    CHECK(places.next_to_yield().requests == 1);
    for (Connection& connection : connections) {
        places.remove(connection);
        places.leave(connection);
    }
    CHECK(places.size() == 0);
}

TEST_CASE("addresses come and go without end") {
    constexpr std::uint32_t count = 64;
    std::vector<Connection> connections(count);
    RequestPlaces places({.connections_max = count, .share = share, .hash_seed = 12345});
    std::uint64_t network = 0;
    for (int round = 0; round < 100; ++round) {
        for (Connection& connection : connections) {
            places.enter(connection, network++ << 32U);
            places.set_busy(connection);
        }
        CHECK(places.size() == count);
        CHECK(places.next_to_yield().requests == 1);
        for (Connection& connection : connections) {
            places.remove(connection);
            places.leave(connection);
        }
        CHECK(places.size() == 0);
    }
}
