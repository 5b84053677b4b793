#include "threads/wake_event.hpp"

#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::threads {

namespace {

using test::FakeEngine;

constexpr io::OpToken token = io::source_token({3, 1}, 1, 1);

} // namespace

TEST_CASE("a wake by another thread completes the loop's read") {
    FakeEngine engine;
    WakeEvent event;
    REQUIRE(event.open());
    event.read(engine, token);
    std::thread other([&event] { event.wake(); });
    const io::Completion completion = engine.answer_for_real();
    other.join();
    CHECK(completion.token == token);
    CHECK(completion.result == sizeof(std::uint64_t));
}

TEST_CASE("one completion covers all wakes since the last, including those before the read") {
    FakeEngine engine;
    WakeEvent event;
    REQUIRE(event.open());
    for (int i = 0; i < 5; ++i) {
        event.wake();
    }
    event.read(engine, token);
    CHECK(engine.answer_for_real().token == token);
    event.wake();
    event.read(engine, token);
    CHECK(engine.answer_for_real().token == token);
    CHECK(engine.operations.empty());
}

} // namespace ringcast::threads
