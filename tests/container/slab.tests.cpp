#include "ringcast/container/slab.hpp"

#include <catch2/catch_test_macros.hpp>

using ringcast::container::Slab;

TEST_CASE("a slab's handle finds what it was given for") {
    Slab<int> slab(2);
    const auto first = slab.insert();
    const auto second = slab.insert();
    slab.get(first) = 1;
    slab.get(second) = 2;
    CHECK(*slab.find(first) == 1);
    CHECK(*slab.find(second) == 2);
    CHECK(slab.full());
    CHECK(slab.size() == 2);
}

TEST_CASE("a late handle does not find the slot's next owner") {
    Slab<int> slab(1);
    const auto late = slab.insert();
    slab.get(late) = 7;
    slab.erase(late);
    const auto present = slab.insert();
    CHECK(present.index == late.index);
    CHECK(slab.find(late) == nullptr);
    CHECK(slab.get(present) == 0);
}

TEST_CASE("a default handle names nothing") {
    Slab<int> slab(1);
    static_cast<void>(slab.insert());
    CHECK(slab.find({}) == nullptr);
    CHECK(slab.find({5, 1}) == nullptr);
}

TEST_CASE("visiting a slab sees the live entries and may erase them") {
    Slab<int> slab(3);
    const auto a = slab.insert();
    const auto b = slab.insert();
    slab.get(a) = 1;
    slab.get(b) = 2;
    int sum = 0;
    slab.for_each([&](Slab<int>::Id id, int& value) {
        sum += value;
        slab.erase(id);
    });
    CHECK(sum == 3);
    CHECK(slab.size() == 0);
}
