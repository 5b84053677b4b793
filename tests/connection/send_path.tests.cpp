#include "connection/send_path.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ringcast;
using config::SendPathPolicy;
using connection::SendPath;
using connection::SendPathChoice;

namespace {

constexpr Instant start{std::chrono::seconds(1000)};
constexpr Duration interval = std::chrono::minutes(1);
constexpr Duration moment = std::chrono::nanoseconds(1);

constexpr io::Peer remote{.transport = io::Transport::tcp, .local = false};
constexpr io::Peer local{.transport = io::Transport::tcp, .local = true};
constexpr io::Peer unix_peer{.transport = io::Transport::unix_socket, .local = true};

SendPath automatic(const SendPathChoice& choice, Instant now) {
    return choice.choose(remote, SendPathPolicy::automatic, true, now);
}

void report(SendPathChoice& choice, std::initializer_list<bool> copied) {
    for (const bool each : copied) {
        choice.on_report(each, start, interval);
    }
}

} // namespace

TEST_CASE("frames for a UNIX socket are copied under each policy") {
    const auto policy =
        GENERATE(SendPathPolicy::automatic, SendPathPolicy::copy, SendPathPolicy::zero_copy);
    CHECK(SendPathChoice().choose(unix_peer, policy, true, start) == SendPath::copy);
}

TEST_CASE("frames are copied under each policy where the engine has no zero-copy sends") {
    const auto policy =
        GENERATE(SendPathPolicy::automatic, SendPathPolicy::copy, SendPathPolicy::zero_copy);
    CHECK(SendPathChoice().choose(remote, policy, false, start) == SendPath::copy);
}

TEST_CASE("the automatic policy takes zero-copy for peers on other hosts only") {
    const SendPathChoice choice;
    CHECK(choice.choose(remote, SendPathPolicy::automatic, true, start) == SendPath::zero_copy);
    CHECK(choice.choose(local, SendPathPolicy::automatic, true, start) == SendPath::copy);
}

TEST_CASE("the policy copy is followed for peers on other hosts") {
    CHECK(SendPathChoice().choose(remote, SendPathPolicy::copy, true, start) == SendPath::copy);
}

TEST_CASE("the policy zero-copy is followed for local peers and in spite of copied sends") {
    SendPathChoice choice;
    CHECK(choice.choose(local, SendPathPolicy::zero_copy, true, start) == SendPath::zero_copy);
    choice.demote(start, interval);
    CHECK(choice.choose(remote, SendPathPolicy::zero_copy, true, start) == SendPath::zero_copy);
}

TEST_CASE("three copied sends in a row demote a connection to copy") {
    SendPathChoice choice;
    report(choice, {true, true});
    CHECK(automatic(choice, start) == SendPath::zero_copy);
    report(choice, {true});
    CHECK(automatic(choice, start) == SendPath::copy);
}

TEST_CASE("a send that was not copied ends the row of copied ones") {
    SendPathChoice choice;
    report(choice, {true, true, false, true, true});
    CHECK(automatic(choice, start) == SendPath::zero_copy);
    report(choice, {true});
    CHECK(automatic(choice, start) == SendPath::copy);
}

TEST_CASE("a demoted connection tries zero-copy again after the interval") {
    SendPathChoice choice;
    choice.demote(start, interval);
    CHECK(automatic(choice, start + interval - moment) == SendPath::copy);
    CHECK(automatic(choice, start + interval) == SendPath::zero_copy);
}

TEST_CASE("the row of copied sends begins anew after a demotion") {
    SendPathChoice choice;
    report(choice, {true, true});
    choice.demote(start - interval, interval);
    CHECK(automatic(choice, start) == SendPath::zero_copy);
    report(choice, {true, true});
    CHECK(automatic(choice, start) == SendPath::zero_copy);
    report(choice, {true});
    CHECK(automatic(choice, start) == SendPath::copy);
    CHECK(automatic(choice, start + interval) == SendPath::zero_copy);
    report(choice, {true, true});
    CHECK(automatic(choice, start + interval) == SendPath::zero_copy);
}
