#include "upstream/reconnect_delay.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::upstream {
namespace {

using namespace std::chrono_literals;

void check_early(ReconnectDelay& delay) {
    Duration expected = ReconnectDelay::first;
    for (unsigned attempt = 0; attempt < ReconnectDelay::early_attempts; ++attempt) {
        const Duration wait = delay.next();
        CAPTURE(attempt, wait.count());
        CHECK(wait >= expected * 3 / 4);
        CHECK(wait <= expected * 5 / 4);
        CHECK(wait < 2s);
        expected = std::min(2 * expected, ReconnectDelay::early_max);
    }
}

} // namespace

TEST_CASE("for a minute the delays are short, and then they double up to half a minute") {
    for (const std::uint32_t seed : {0U, 1U, 2U, 0xFFFFFFFFU}) {
        ReconnectDelay delay(seed);
        check_early(delay);
        Duration expected = 2 * ReconnectDelay::early_max;
        for (int attempt = 0; attempt < 20; ++attempt) {
            const Duration wait = delay.next();
            CAPTURE(seed, attempt, wait.count());
            CHECK(wait >= expected * 3 / 4);
            CHECK(wait <= expected * 5 / 4);
            expected = std::min(2 * expected, ReconnectDelay::longest);
        }
        CHECK(expected == 30s);
        delay.reset();
        check_early(delay);
    }
}

TEST_CASE("the delays of a minute are spread over their range, and differ between sources") {
    std::set<Duration> firsts;
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
        firsts.insert(ReconnectDelay(seed * 1000).next());
    }
    CHECK(firsts.size() > 50);
    ReconnectDelay delay(1);
    Duration shortest = 1h;
    Duration longest{};
    for (int i = 0; i < 1000; ++i) {
        delay.reset();
        const Duration wait = delay.next();
        shortest = std::min(shortest, wait);
        longest = std::max(longest, wait);
    }
    CHECK(shortest < 400ms);
    CHECK(longest > 600ms);
}

} // namespace ringcast::upstream
