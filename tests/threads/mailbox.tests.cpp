#include "threads/mailbox.hpp"

#include <thread>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::threads {

TEST_CASE("what is put is taken once") {
    Mailbox<int> box;
    CHECK(box.take() == std::nullopt);
    box.put(7);
    CHECK(box.take() == 7);
    CHECK(box.take() == std::nullopt);
    box.put(8);
    CHECK(box.wait_and_take() == 8);
}

TEST_CASE("whoever waits gets every value in order, and then the end") {
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

TEST_CASE("a closed mailbox gives nobody who waits what is in it") {
    Mailbox<int> box;
    box.put(1);
    box.close();
    CHECK(box.wait_and_take() == std::nullopt);
    CHECK(box.take() == 1);
}

} // namespace ringcast::threads
