#include "container/spsc_queue.hpp"

#include <cstdint>
#include <memory>
#include <thread>

#include <catch2/catch_test_macros.hpp>

using ringcast::container::SpscQueue;

TEST_CASE("a bounded queue returns values in the order of pushing") {
    SpscQueue<int, 3> queue;
    REQUIRE_FALSE(queue.pop().has_value());
    REQUIRE(queue.push(1));
    REQUIRE(queue.push(2));
    CHECK(queue.pop() == 1);
    REQUIRE(queue.push(3));
    REQUIRE(queue.push(4));
    CHECK(queue.pop() == 2);
    CHECK(queue.pop() == 3);
    CHECK(queue.pop() == 4);
    CHECK_FALSE(queue.pop().has_value());
}

TEST_CASE("pushing to a full bounded queue fails and does not move from the value") {
    SpscQueue<std::unique_ptr<int>, 2> queue;
    REQUIRE(queue.push(std::make_unique<int>(1)));
    REQUIRE(queue.push(std::make_unique<int>(2)));
    auto third = std::make_unique<int>(3);
    CHECK_FALSE(queue.push(std::move(third)));
    // A value that was not accepted must not have been moved from.
    REQUIRE(third != nullptr); // NOLINT(bugprone-use-after-move)
    CHECK(*queue.pop().value() == 1);
    CHECK(queue.push(std::move(third)));
    CHECK(*queue.pop().value() == 2);
    CHECK(*queue.pop().value() == 3);
}

TEST_CASE("a bounded queue between two threads loses nothing and keeps the order") {
    constexpr std::uint64_t count = 100'000;
    SpscQueue<std::uint64_t, 8> queue;
    std::thread producer([&queue] {
        for (std::uint64_t value = 0; value < count; ++value) {
            while (!queue.push(std::uint64_t{value})) {
                std::this_thread::yield();
            }
        }
    });
    bool in_order = true;
    for (std::uint64_t expected = 0; expected < count;) {
        if (const auto value = queue.pop()) {
            in_order = in_order && *value == expected;
            ++expected;
        } else {
            std::this_thread::yield();
        }
    }
    producer.join();
    CHECK(in_order);
    CHECK_FALSE(queue.pop().has_value());
}
