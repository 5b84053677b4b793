#include "threads/mailbox.hpp"

#include <thread>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::threads {

TEST_CASE("a value is taken once") {
    Mailbox<int> box;
    CHECK(box.take() == std::nullopt);
    box.put(7);
    CHECK(box.take() == 7);
    CHECK(box.take() == std::nullopt);
    box.put(8);
    CHECK(box.wait_and_take() == 8);
}

TEST_CASE("a waiting thread receives every value in order, and then none when the mailbox is "
          "closed") {
    constexpr int count = 10'000;
    Mailbox<int> there;
    Mailbox<int> back;
    int sum = 0;
    std::thread other([&] {
        while (const std::optional<int> value = there.wait_and_take()) {
            sum += *value;
            back.put(*value + 1);
        }
    });
    int wrong = 0;
    for (int i = 0; i < count; ++i) {
        there.put(i);
        wrong += back.wait_and_take() == i + 1 ? 0 : 1;
    }
    there.close();
    other.join();
    CHECK(wrong == 0);
    CHECK(sum == count * (count - 1) / 2);
}

TEST_CASE("wait_and_take returns none from a closed mailbox that holds a value") {
    Mailbox<int> box;
    box.put(1);
    box.close();
    CHECK(box.wait_and_take() == std::nullopt);
    CHECK(box.take() == 1);
}

} // namespace ringcast::threads
