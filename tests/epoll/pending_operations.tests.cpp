#include "epoll/pending_operations.hpp"

#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using epoll::Direction;
using epoll::Operation;
using epoll::OperationKind;
using epoll::PendingOperations;

namespace {

constexpr std::size_t operations_max = 8;

Operation operation(std::uint32_t slot, int fd, OperationKind kind = OperationKind::receive) {
    return {.token = {io::OpKind::control, slot, 1}, .kind = kind, .fd = fd};
}

io::OpToken token_of(std::uint32_t slot) {
    return {io::OpKind::control, slot, 1};
}

/// The slots of a descriptor's operations, in order.
std::vector<std::uint32_t> slots_of(PendingOperations& pending, int fd) {
    std::vector<std::uint32_t> slots;
    for (auto index = pending.first(fd); index != PendingOperations::none;
         index = pending.next(index)) {
        slots.push_back(pending.at(index).token.slot);
    }
    return slots;
}

} // namespace

TEST_CASE("operations of a descriptor stay in order, wherever one is removed") {
    PendingOperations pending(operations_max, 4);
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
        REQUIRE(pending.add(operation(slot, 3)));
    }
    REQUIRE(pending.add(operation(9, 2)));
    pending.remove(pending.find(token_of(1))); // in the middle
    CHECK(slots_of(pending, 3) == std::vector<std::uint32_t>{0, 2, 3});
    pending.remove(pending.find(token_of(3))); // the last
    REQUIRE(pending.add(operation(4, 3)));
    CHECK(slots_of(pending, 3) == std::vector<std::uint32_t>{0, 2, 4});
    pending.remove(pending.find(token_of(0))); // the first
    pending.remove(pending.find(token_of(2)));
    pending.remove(pending.find(token_of(4)));
    CHECK(slots_of(pending, 3).empty());
    REQUIRE(pending.add(operation(5, 3)));
    CHECK(slots_of(pending, 3) == std::vector<std::uint32_t>{5});
    CHECK(slots_of(pending, 2) == std::vector<std::uint32_t>{9});
}

TEST_CASE("an operation is found by its token, and the first one where several have it") {
    PendingOperations pending(operations_max, 4);
    CHECK(pending.find(token_of(1)) == PendingOperations::none);
    REQUIRE(pending.add(operation(1, 2)));
    REQUIRE(pending.add(operation(1, 3)));
    CHECK(pending.at(pending.find(token_of(1))).fd == 2);
    pending.remove(pending.find(token_of(1)));
    CHECK(pending.at(pending.find(token_of(1))).fd == 3);
    pending.remove(pending.find(token_of(1)));
    CHECK(pending.find(token_of(1)) == PendingOperations::none);
}

TEST_CASE("no more operations are added than there is room for, and removed ones make room") {
    PendingOperations pending(operations_max, 4);
    for (std::uint32_t slot = 0; slot < operations_max; ++slot) {
        REQUIRE(pending.add(operation(slot, 1)));
    }
    CHECK_FALSE(pending.add(operation(operations_max, 1)));
    pending.remove(pending.find(token_of(5)));
    CHECK(pending.add(operation(operations_max, 1)));
    CHECK(slots_of(pending, 1) == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 6, 7, 8});
}

TEST_CASE("a descriptor waits in the directions of its operations, polls in none") {
    PendingOperations pending(operations_max, 4);
    CHECK_FALSE(pending.waits(1'000, Direction::in));
    REQUIRE(pending.add(operation(1, 1'000, OperationKind::poll_hangup)));
    CHECK_FALSE(pending.waits(1'000, Direction::in));
    CHECK_FALSE(pending.waits(1'000, Direction::out));
    REQUIRE(pending.add(operation(2, 1'000, OperationKind::send)));
    CHECK(pending.waits(1'000, Direction::out));
    CHECK_FALSE(pending.waits(1'000, Direction::in));
    CHECK_FALSE(pending.waits(999, Direction::out));
}

TEST_CASE("whether a descriptor is watched is remembered, and unknown ones are not") {
    PendingOperations pending(operations_max, 4);
    CHECK_FALSE(pending.watched(-1));
    CHECK_FALSE(pending.watched(1'000));
    pending.set_watched(1'000, false); // no entry is made
    REQUIRE(pending.add(operation(1, 1'000)));
    pending.set_watched(1'000, true);
    CHECK(pending.watched(1'000));
    pending.set_watched(1'000, false);
    CHECK_FALSE(pending.watched(1'000));
}
