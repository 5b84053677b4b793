// The bounds of what is kept about addresses and passwords; gate.tests.cpp has the rest.

#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "access/failures.hpp"
#include "access/remembered.hpp"

using namespace ringcast;
using namespace ringcast::access;
using namespace std::chrono_literals;

TEST_CASE("beyond the bound, the address whose failure is longest ago is forgotten") {
    Failures failures;
    Instant now{1h};
    for (std::uint64_t address = 0; address < Failures::addresses_max; ++address) {
        failures.add(address, now);
        now += 1ms;
    }
    failures.add(0, now); // again, so that 1 is the oldest
    failures.add(Failures::addresses_max, now);
    CHECK(failures.contains(0, now));
    CHECK_FALSE(failures.contains(1, now));
    CHECK(failures.contains(2, now));
    CHECK(failures.contains(Failures::addresses_max, now));
}

TEST_CASE("beyond the bound, the password that was not used for longest is forgotten") {
    Remembered remembered(Digest{});
    Instant now{1h};
    const auto fingerprint = [&](std::size_t number) {
        return remembered.fingerprint("user", std::to_string(number), "hash");
    };
    for (std::size_t i = 0; i < Remembered::passwords_max; ++i) {
        remembered.add(fingerprint(i), now);
        now += 1ms;
    }
    CHECK(remembered.use(fingerprint(0), now));
    remembered.add(fingerprint(Remembered::passwords_max), now);
    CHECK(remembered.use(fingerprint(0), now));
    CHECK_FALSE(remembered.use(fingerprint(1), now));
    CHECK(remembered.use(fingerprint(2), now));
}

TEST_CASE("a fingerprint depends on user, password and hash, and on where each ends") {
    const Remembered remembered(Digest{});
    const Digest digest = remembered.fingerprint("user", "password", "hash");
    CHECK(digest == remembered.fingerprint("user", "password", "hash"));
    CHECK(digest != remembered.fingerprint("use", "rpassword", "hash"));
    CHECK(digest != remembered.fingerprint("user", "passwordh", "ash"));
    CHECK(digest != Remembered(Digest{std::byte{1}}).fingerprint("user", "password", "hash"));
}
