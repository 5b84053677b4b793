#include "connection/request_places.hpp"

#include <array>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "connection/bench.hpp"

using namespace ringcast;
using connection::Connection;
using connection::RequestPlaces;

namespace {

/// Places, and connections that never do anything by themselves.
struct Places {
    ~Places() {
        for (Connection& connection : connections) {
            places.remove(connection);
        }
    }
    [[nodiscard]] std::size_t longest_silent() {
        return static_cast<std::size_t>(&places.longest_silent() - connections.data());
    }
    /// The order in which all of them yield.
    [[nodiscard]] std::vector<std::size_t> order() {
        std::vector<std::size_t> numbers;
        while (places.size() > 0) {
            numbers.push_back(longest_silent());
            places.remove(connections.at(numbers.back()));
        }
        return numbers;
    }

    std::array<Connection, 6> connections;
    RequestPlaces places;
};

} // namespace

TEST_CASE("the connection that has been silent longest yields first") {
    Places all;
    for (const std::size_t number : {4U, 1U, 3U}) {
        all.places.set_busy(all.connections.at(number));
    }
    CHECK(all.places.size() == 3);
    CHECK(all.order() == std::vector<std::size_t>{4, 1, 3});
}

TEST_CASE("a connection that takes a step yields last of its kind") {
    Places all;
    for (Connection& connection : all.connections) {
        all.places.set_busy(connection);
    }
    all.places.set_busy(all.connections[0]);
    all.places.set_busy(all.connections[3]);
    CHECK(all.places.size() == all.connections.size());
    CHECK(all.order() == std::vector<std::size_t>{1, 2, 4, 5, 0, 3});
}

TEST_CASE("idle connections yield before all others, however short they have been idle") {
    Places all;
    for (Connection& connection : all.connections) {
        all.places.set_busy(connection);
    }
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
