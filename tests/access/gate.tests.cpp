#include "access/gate.hpp"

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::access;
using namespace std::chrono_literals;

namespace {

const LinkKey link_key{std::byte{7}};
const std::string good_token(token_characters, 't');
const std::string door_token(token_characters, 'd');

Token token_of(std::string name, const std::string& text, std::vector<std::string> streams = {}) {
    return {std::move(name), sha256(as_bytes(text)), std::move(streams)};
}

Rules::Parts parts() {
    return {.users = {{"anna", "hash of anna"}, {"ben", "hash of ben"}, {"root", "hash of root"}},
            .tokens = {token_of("tablet", good_token), token_of("bell", door_token, {"door"})},
            .link_key = link_key,
            .admins = {"root"},
            .streams = {{"door", StreamRule::Kind::named, {"anna", "tablet", "bell"}},
                        {"street", StreamRule::Kind::everybody, {}},
                        {"yard", StreamRule::Kind::known, {}}}};
}

/// The gate, with a password that is right if it is "right".
struct Bench {
    Gate gate{Rules(parts()), Digest{std::byte{1}}};
    Instant now{1h};
    WallTime wall_now{std::chrono::hours(24 * 365 * 50)};
    std::uint64_t address = 1;

    Decision knock(Credentials credentials) {
        return gate.decide(std::move(credentials), {address, now, wall_now});
    }
    Decision login(const std::string& user, const std::string& password) {
        return knock(UserPassword(std::string(user).append(":").append(password)));
    }
    /// Verifies the next password. Returns the refusal, if it is wrong.
    std::optional<Refusal> verify() {
        const Check* const check = gate.begin_check();
        REQUIRE(check != nullptr);
        return gate.finish_check(check->credentials.password() == "right", now).refusal;
    }
    /// A failed attempt, or the refusal to make one.
    Decision fail_once(const std::string& password) {
        Decision decision = login("anna", password);
        if (std::holds_alternative<Pending>(decision)) {
            CHECK(verify().has_value());
        }
        return decision;
    }
    [[nodiscard]] bool may_watch(const Decision& decision, std::string_view stream) const {
        return gate.rules().may_watch(std::get<Caller>(decision), stream);
    }
};

Credentials bearer(std::string_view text) {
    return BearerToken{text};
}

int status_of(const Decision& decision) {
    return std::get<Refusal>(decision).status;
}

} // namespace

TEST_CASE("a request without credentials comes from nobody, who may watch public streams only") {
    Bench bench;
    const Decision nobody = bench.knock(NoCredentials{});
    CHECK(std::get<Caller>(nobody).identity == Identity::nobody);
    CHECK(bench.may_watch(nobody, "street"));
    CHECK_FALSE(bench.may_watch(nobody, "door"));
    CHECK_FALSE(bench.may_watch(nobody, "yard"));
    CHECK_FALSE(bench.may_watch(nobody, "unheard-of"));
}

TEST_CASE("a right password is verified once, and known from then on") {
    Bench bench;
    const Decision first = bench.login("anna", "right");
    REQUIRE(std::holds_alternative<Pending>(first));
    CHECK_FALSE(bench.verify().has_value());
    const Decision second = bench.login("anna", "right");
    REQUIRE(std::holds_alternative<Caller>(second));
    CHECK(bench.may_watch(second, "door"));
    CHECK(bench.may_watch(second, "yard"));
    CHECK_FALSE(std::get<Caller>(second).administrates);
    CHECK(bench.gate.begin_check() == nullptr);
    // Another user with the same password is somebody else.
    CHECK(std::holds_alternative<Pending>(bench.login("ben", "right")));
}

TEST_CASE("a password is remembered as long as it is used, and for ten minutes then") {
    Bench bench;
    static_cast<void>(bench.login("anna", "right"));
    CHECK_FALSE(bench.verify().has_value());
    for (int i = 0; i < 5; ++i) {
        bench.now += 9min;
        CHECK(std::holds_alternative<Caller>(bench.login("anna", "right")));
    }
    bench.now += 10min;
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "right")));
}

TEST_CASE("users see what the lists of names allow, and administrators everything") {
    Bench bench;
    for (const char* const name : {"ben", "root"}) {
        static_cast<void>(bench.login(name, "right"));
        CHECK_FALSE(bench.verify().has_value());
    }
    const Decision ben = bench.login("ben", "right");
    CHECK_FALSE(bench.may_watch(ben, "door"));
    CHECK(bench.may_watch(ben, "yard"));
    CHECK(bench.may_watch(ben, "street"));
    const Decision root = bench.login("root", "right");
    CHECK(std::get<Caller>(root).administrates);
    CHECK(bench.may_watch(root, "door"));
}

TEST_CASE("a wrong password and an unknown user are refused alike, after the same work") {
    Bench bench;
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "wrong")));
    const auto wrong = bench.verify();
    CHECK(std::holds_alternative<Pending>(bench.login("nobody", "right")));
    const auto unknown = bench.verify();
    REQUIRE(wrong.has_value());
    REQUIRE(unknown.has_value());
    CHECK(wrong->status == 401);
    CHECK(unknown->status == 401);
    CHECK(wrong->message == unknown->message);
    CHECK(unknown->challenge == Challenge::login);
    CHECK(std::holds_alternative<Pending>(bench.login("nobody", "right"))); // not remembered
}

TEST_CASE(
    "unknown users share the work of known ones, each that of one, so that costs tell nothing") {
    Bench bench;
    std::set<std::string> hashes;
    for (const User& user : bench.gate.rules().users()) {
        hashes.insert(user.hash);
    }
    REQUIRE(hashes.size() > 1);
    std::set<std::string> used;
    for (int number = 0; number < 40; ++number) {
        const std::string name = "nobody" + std::to_string(number);
        std::string first;
        for (const std::string password : {"one", "other"}) {
            ++bench.address; // otherwise it has to wait
            REQUIRE(std::holds_alternative<Pending>(bench.login(name, password)));
            const Check* const check = bench.gate.begin_check();
            REQUIRE(check != nullptr);
            const std::string hash = check->hash;
            CHECK((first.empty() || hash == first));
            first = hash;
            used.insert(hash);
            static_cast<void>(bench.gate.finish_check(false, bench.now));
        }
    }
    CHECK(used == hashes);
}

TEST_CASE("requests with one password share its verification") {
    Bench bench;
    const Decision first = bench.login("anna", "right");
    const Decision second = bench.login("anna", "right");
    CHECK(std::get<Pending>(first).ticket == std::get<Pending>(second).ticket);
    REQUIRE(bench.gate.begin_check() != nullptr);
    const Decision third = bench.login("anna", "right"); // while it is under way
    CHECK(std::get<Pending>(first).ticket == std::get<Pending>(third).ticket);
    CHECK(bench.gate.finish_check(true, bench.now).ticket == std::get<Pending>(first).ticket);
    CHECK(bench.gate.begin_check() == nullptr);
}

TEST_CASE("after five failures an address waits, up to a minute, and other addresses do not") {
    Bench bench;
    for (unsigned i = 0; i < Failures::free_attempts; ++i) {
        CHECK(std::holds_alternative<Pending>(bench.fail_once("wrong " + std::to_string(i))));
    }
    CHECK(std::holds_alternative<Pending>(bench.fail_once("sixth")));
    const Decision refused = bench.login("anna", "right");
    CHECK(status_of(refused) == 429);
    CHECK(std::get<Refusal>(refused).retry_after_seconds == 1);
    Duration waited{};
    for (int i = 0; i < 10; ++i) {
        const Duration before = waited;
        while (std::holds_alternative<Refusal>(bench.fail_once("again"))) {
            bench.now += 1s;
            waited += 1s;
        }
        CHECK(waited - before <= 60s);
    }
    CHECK(waited == (1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60 + 60) * 1s);
    bench.address = 2;
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "right")));
}

TEST_CASE("a remembered password is not subject to the failures of its address") {
    Bench bench;
    static_cast<void>(bench.login("anna", "right"));
    CHECK_FALSE(bench.verify().has_value());
    for (int i = 0; i < 20; ++i) {
        static_cast<void>(bench.fail_once("wrong " + std::to_string(i)));
    }
    CHECK(status_of(bench.fail_once("wrong")) == 429);
    CHECK(std::holds_alternative<Caller>(bench.login("anna", "right")));
}

TEST_CASE("failures are forgotten after a right password, and after some time") {
    Bench bench;
    for (unsigned i = 0; i < Failures::free_attempts; ++i) {
        static_cast<void>(bench.fail_once("wrong " + std::to_string(i)));
    }
    SECTION("a right password") {
        static_cast<void>(bench.login("anna", "right"));
        CHECK_FALSE(bench.verify().has_value());
    }
    SECTION("time") {
        bench.now += Failures::remembered_for;
    }
    for (unsigned i = 0; i <= Failures::free_attempts; ++i) {
        CHECK(std::holds_alternative<Pending>(bench.fail_once("other " + std::to_string(i))));
    }
}

TEST_CASE("an address without failures comes before all that have some") {
    Bench bench;
    bench.address = 66;
    static_cast<void>(bench.fail_once("wrong"));
    for (unsigned i = 0; i < CheckQueue::per_address_max; ++i) {
        CHECK(std::holds_alternative<Pending>(bench.login("anna", std::to_string(i))));
    }
    CHECK(status_of(bench.login("anna", "one more")) == 429);
    bench.address = 1;
    const Decision first = bench.login("anna", "right");
    CHECK(bench.gate.begin_check()->address == 1);
    CHECK(bench.gate.finish_check(true, bench.now).ticket == std::get<Pending>(first).ticket);
    CHECK(bench.gate.begin_check()->address == 66);
}

TEST_CASE("one address can't take the places of others in the queue") {
    Bench bench;
    bench.address = 66;
    unsigned pending = 0;
    for (int i = 0; i < 1000; ++i) {
        pending += std::holds_alternative<Pending>(bench.login("anna", std::to_string(i)));
    }
    CHECK(pending == CheckQueue::per_address_max + 1);
    bench.address = 1;
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "right")));
}

TEST_CASE("the queue is bounded") {
    Bench bench;
    unsigned pending = 0;
    for (int i = 0; i < 1000; ++i) {
        bench.address = 1000 + static_cast<std::uint64_t>(i);
        const Decision decision = bench.login("anna", std::to_string(i));
        pending += std::holds_alternative<Pending>(decision);
    }
    CHECK(pending == CheckQueue::waiting_max);
    bench.address = 1;
    CHECK(status_of(bench.login("anna", "right")) == 429);
    static_cast<void>(bench.verify());
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "right")));
}

TEST_CASE("a token is known at once, and may be limited to streams") {
    Bench bench;
    const Decision tablet = bench.knock(bearer(good_token));
    CHECK(bench.may_watch(tablet, "door"));
    CHECK(bench.may_watch(tablet, "yard"));
    const Decision bell = bench.knock(bearer(door_token));
    CHECK(bench.may_watch(bell, "door"));
    CHECK(bench.may_watch(bell, "street")); // public
    CHECK_FALSE(bench.may_watch(bell, "yard"));
    const Decision wrong = bench.knock(bearer(std::string(token_characters, 'x')));
    CHECK(status_of(wrong) == 401);
    CHECK(std::get<Refusal>(wrong).challenge == Challenge::invalid_token);
    CHECK(status_of(bench.knock(bearer(""))) == 401);
}

TEST_CASE("a link admits to its stream until it expires") {
    Bench bench;
    const LinkExpiry expiry = std::chrono::floor<std::chrono::seconds>(bench.wall_now) + 60s;
    const std::string link = sign_link(link_key, {"yard", expiry, LinkKind::snapshot_only, 0});
    const Decision caller = bench.knock(bearer(link));
    REQUIRE(std::get<Caller>(caller).link.has_value());
    CHECK(std::get<Caller>(caller).link->kind == LinkKind::snapshot_only);
    CHECK(bench.may_watch(caller, "yard"));
    CHECK_FALSE(bench.may_watch(caller, "door"));
    CHECK_FALSE(bench.may_watch(caller, "street")); // a link is for one stream
    bench.wall_now += 60s;
    CHECK(status_of(bench.knock(bearer(link))) == 401);
    CHECK(status_of(bench.knock(bearer(sign_link(
              LinkKey{std::byte{8}}, {"yard", expiry + 1h, LinkKind::stream_and_snapshot, 0})))) ==
          401);
}

TEST_CASE("viewers whose user, token or key is gone or changed may not stay") {
    Bench bench;
    static_cast<void>(bench.login("anna", "right"));
    CHECK_FALSE(bench.verify().has_value());
    const Identity anna = std::get<Caller>(bench.login("anna", "right")).identity;
    const Identity tablet = std::get<Caller>(bench.knock(bearer(good_token))).identity;
    const LinkExpiry expiry = std::chrono::floor<std::chrono::seconds>(bench.wall_now) + 60s;
    const Identity link =
        std::get<Caller>(bench.knock(bearer(sign_link(link_key, {"door", expiry, {}, 0}))))
            .identity;
    for (const Identity identity : {anna, tablet, link}) {
        CHECK(bench.gate.rules().may_stay(identity, "door"));
    }
    Rules::Parts changed = parts();
    SECTION("removed") {
        changed.users.erase(changed.users.begin());
        changed.tokens.erase(changed.tokens.begin());
        changed.link_key.reset();
    }
    SECTION("changed") {
        changed.users.front().hash = "another hash";
        changed.tokens.front() = token_of("tablet", "another token");
        changed.link_key = LinkKey{std::byte{8}};
    }
    SECTION("taken off the list of viewers") {
        changed.streams.front().viewers.clear();
        changed.link_key.reset();
    }
    bench.gate.set_rules(Rules(changed));
    for (const Identity identity : {anna, tablet, link}) {
        CHECK_FALSE(bench.gate.rules().may_stay(identity, "door"));
        CHECK(bench.gate.rules().may_stay(identity, "street"));
    }
    CHECK(bench.gate.rules().may_stay(Identity::guest, "door"));
    CHECK_FALSE(bench.gate.rules().may_stay(Identity::nobody, "door"));
}

TEST_CASE("a changed password must be verified again") {
    Bench bench;
    static_cast<void>(bench.login("anna", "right"));
    CHECK_FALSE(bench.verify().has_value());
    Rules::Parts changed = parts();
    changed.users.front().hash = "another hash";
    bench.gate.set_rules(Rules(changed));
    CHECK(std::holds_alternative<Pending>(bench.login("anna", "right")));
}

TEST_CASE("names in lists that nobody has are reported") {
    Rules::Parts with_unknown = parts();
    with_unknown.admins.emplace_back("rooot");
    with_unknown.streams.front().viewers.emplace_back("carl");
    with_unknown.streams.front().viewers.emplace_back("rooot");
    CHECK(Rules(with_unknown).unknown_names() == std::vector<std::string>{"rooot", "carl"});
    CHECK(Rules(parts()).unknown_names().empty());
}

TEST_CASE("a server with tokens alone verifies no passwords") {
    Rules::Parts tokens_alone = parts();
    tokens_alone.users.clear();
    Bench bench;
    bench.gate.set_rules(Rules(tokens_alone));
    CHECK(status_of(bench.login("anna", "right")) == 401);
    CHECK(bench.gate.begin_check() == nullptr);
}
