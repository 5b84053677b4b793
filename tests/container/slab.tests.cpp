#include "container/slab.hpp"

#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using ringcast::container::Slab;

TEST_CASE("a slab's handle finds the value that it was returned for") {
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

TEST_CASE("a stale handle does not find the next value in its entry") {
    Slab<int> slab(1);
    const auto stale = slab.insert();
    slab.get(stale) = 7;
    slab.erase(stale);
    const auto current = slab.insert();
    CHECK(current.index == stale.index);
    CHECK(slab.find(stale) == nullptr);
    CHECK(slab.get(current) == 0);
}

TEST_CASE("a default-constructed or out-of-range handle finds nothing") {
    Slab<int> slab(1);
    static_cast<void>(slab.insert());
    CHECK(slab.find({}) == nullptr);
    CHECK(slab.find({5, 1}) == nullptr);
}

TEST_CASE("for_each visits the live entries of a slab and may erase them") {
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

TEST_CASE("for_each visits only the live entries of a large slab, in order of index") {
    Slab<std::uint32_t> slab(200);
    std::vector<Slab<std::uint32_t>::Id> ids;
    while (!slab.full()) {
        ids.push_back(slab.insert());
        slab.get(ids.back()) = ids.back().index;
    }
    std::vector<std::uint32_t> expected;
    for (const auto id : ids) {
        if (id.index % 64 < 2 || id.index % 64 == 63) {
            expected.push_back(id.index);
        } else {
            slab.erase(id);
        }
    }
    std::vector<std::uint32_t> seen;
    slab.for_each([&](Slab<std::uint32_t>::Id id, std::uint32_t& value) {
        CHECK(value == id.index);
        seen.push_back(id.index);
    });
    CHECK(seen == expected);
    CHECK(seen.size() == slab.size());
}

TEST_CASE("for_each_from visits a slab's live entries from an index on, until it is told to stop") {
    Slab<int> slab(200);
    for (int i = 0; i < 150; ++i) {
        (void)slab.insert();
    }
    const auto visited = [&slab](std::uint32_t first, std::size_t count_max) {
        std::vector<std::uint32_t> seen;
        slab.for_each_from(first, [&](Slab<int>::Id id, int&) {
            seen.push_back(id.index);
            return seen.size() < count_max;
        });
        return seen;
    };
    CHECK(visited(62, 4) == std::vector<std::uint32_t>{62, 63, 64, 65});
    CHECK(visited(148, 4) == std::vector<std::uint32_t>{148, 149});
    CHECK(visited(127, 1) == std::vector<std::uint32_t>{127});
    for (const std::uint32_t beyond : {150U, 199U, 200U, 256U, UINT32_MAX}) {
        CHECK(visited(beyond, 4).empty());
    }
}
