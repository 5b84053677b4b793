#include "upstream/dialer.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include "support/source_fixture.hpp"
#include "upstream/fake_addresses.hpp"

namespace ringcast::upstream {
namespace {

using namespace std::chrono_literals;
using test::Asked;
using test::fake_address;
using test::number_of;
using Numbers = std::vector<int>;

constexpr io::StreamId stream{3, 1};
constexpr std::uint8_t first_operation = 5;
constexpr std::uint16_t run = 7;

io::SocketAddress v4(std::uint8_t number) {
    return fake_address(AF_INET, number);
}
io::SocketAddress v6(std::uint8_t number) {
    return fake_address(AF_INET6, number);
}
constexpr int socket_of(int attempt) {
    return test::FakeEngine::first_socket + attempt;
}

class DialerBench {
public:
    ~DialerBench() {
        dialer.cancel();
        finish_cancelled();
        CHECK(dialer.idle());
        CHECK(engine.operations.empty());
        std::ranges::sort(engine.closed);
        Numbers opened;
        for (std::size_t i = 0; i < engine.sockets_opened.size(); ++i) {
            if (socket_of(static_cast<int>(i)) != taken) {
                opened.push_back(socket_of(static_cast<int>(i)));
            }
        }
        CHECK(engine.closed == opened);
    }

    void begin(const std::vector<io::SocketAddress>& addresses) {
        dialer.begin(addresses, stream, first_operation, run);
    }
    /// Completes the connect of the socket that was opened as number `attempt`, from 0 on.
    void answer(int attempt, int result) {
        for (const test::Operation& operation : engine.operations) {
            if (operation.asked == Asked::connect && operation.fd == socket_of(attempt)) {
                dialer.on_completion(engine.answer(Asked::connect, operation.token, result));
                return;
            }
        }
        FAIL("the socket is not connecting");
    }
    void pass(Duration time) {
        engine.pass(time);
        if (engine.now() >= dialer.deadline()) {
            dialer.on_deadline(engine.now());
        }
    }
    /// Performs the cancels.
    void finish_cancelled() {
        for (const io::OpToken target : cancelled()) {
            static_cast<void>(engine.answer(Asked::cancel, io::OpToken{}, 0));
            dialer.on_completion(engine.answer(Asked::connect, target, -ECANCELED));
        }
    }
    [[nodiscard]] std::vector<io::OpToken> cancelled() const {
        std::vector<io::OpToken> targets;
        for (const test::Operation& operation : engine.operations) {
            if (operation.asked == Asked::cancel) {
                targets.push_back(operation.target);
            }
        }
        return targets;
    }
    /// The numbers of the addresses, in the order of the attempts.
    [[nodiscard]] Numbers tried() const {
        Numbers numbers;
        for (const io::SocketAddress& address : engine.sockets_opened) {
            numbers.push_back(number_of(address));
        }
        return numbers;
    }
    void take() { taken = dialer.take_socket(); }

    test::FakeEngine engine;
    Dialer dialer{engine};
    int taken = -1;
};

} // namespace

TEST_CASE("the families of addresses take turns, beginning with the first one's") {
    DialerBench bench;
    SECTION("IPv6 first") {
        bench.begin({v6(1), v6(2), v6(3), v4(4), v4(5)});
        for (int attempt = 0; attempt < 5; ++attempt) {
            bench.answer(attempt, -ECONNREFUSED);
        }
        CHECK(bench.tried() == Numbers{1, 4, 2, 5, 3});
    }
    SECTION("IPv4 first") {
        bench.begin({v4(1), v6(2), v6(3), v6(4)});
        for (int attempt = 0; attempt < 4; ++attempt) {
            bench.answer(attempt, -ECONNREFUSED);
        }
        CHECK(bench.tried() == Numbers{1, 2, 3, 4});
    }
    CHECK(bench.dialer.idle());
    CHECK(!bench.dialer.connected());
    CHECK(bench.dialer.error_number() == ECONNREFUSED);
    CHECK(bench.dialer.deadline() == never);
}

TEST_CASE(
    "the next address is tried after 250 ms without an answer, or as soon as one has failed") {
    DialerBench bench;
    bench.begin({v4(1), v4(2), v4(3)});
    CHECK(bench.tried() == Numbers{1});
    CHECK(bench.dialer.deadline() == bench.engine.now() + 250ms);
    bench.pass(249ms);
    CHECK(bench.tried() == Numbers{1});
    bench.pass(1ms);
    CHECK(bench.tried() == Numbers{1, 2});
    CHECK(bench.dialer.deadline() == bench.engine.now() + 250ms);
    bench.answer(0, -EHOSTUNREACH);
    CHECK(bench.tried() == Numbers{1, 2, 3});
    // There is no further one.
    CHECK(bench.dialer.deadline() == never);
    CHECK(!bench.dialer.idle());
}

TEST_CASE("at most four addresses are tried at the same time") {
    DialerBench bench;
    bench.begin({v4(1), v4(2), v4(3), v4(4), v4(5), v4(6)});
    for (int i = 0; i < 10; ++i) {
        bench.pass(250ms);
    }
    CHECK(bench.tried() == Numbers{1, 2, 3, 4});
    CHECK(bench.dialer.deadline() == never);
    bench.answer(1, -ECONNREFUSED);
    CHECK(bench.tried() == Numbers{1, 2, 3, 4, 5});
    bench.answer(4, 0);
    CHECK(bench.dialer.connected());
    CHECK(number_of(bench.dialer.address()) == 5);
}

TEST_CASE("the first connection wins, and the other attempts are cancelled and closed") {
    DialerBench bench;
    bench.begin({v4(1), v4(2), v4(3), v4(4)});
    bench.pass(250ms);
    bench.pass(250ms);
    bench.answer(1, 0);
    CHECK(bench.dialer.connected());
    CHECK(number_of(bench.dialer.address()) == 2);
    CHECK(bench.dialer.deadline() == never);
    CHECK(!bench.dialer.idle());
    CHECK(bench.cancelled() ==
          std::vector<io::OpToken>{io::source_token(stream, first_operation, run),
                                   io::source_token(stream, first_operation + 2, run)});
    bench.take();
    CHECK(bench.taken == socket_of(1));
    CHECK(!bench.dialer.connected());
    SECTION("an attempt that has connected nevertheless is closed too") {
        bench.answer(0, 0);
        CHECK(bench.engine.closed == Numbers{socket_of(0)});
        CHECK(!bench.dialer.connected());
        static_cast<void>(bench.engine.answer(Asked::cancel, io::OpToken{}, -ENOENT));
    }
    bench.finish_cancelled();
    CHECK(bench.dialer.idle());
    CHECK(bench.tried() == Numbers{1, 2, 3});
}

TEST_CASE("addresses for which no socket can be opened are skipped") {
    DialerBench bench;
    bench.engine.open_error = EMFILE;
    bench.begin({v4(1), v4(2)});
    CHECK(bench.dialer.idle());
    CHECK(!bench.dialer.connected());
    CHECK(bench.dialer.error_number() == EMFILE);
    CHECK(bench.engine.operations.empty());

    bench.engine.open_error = 0;
    bench.begin({v4(1), v4(2)});
    CHECK(bench.dialer.error_number() == 0);
    bench.engine.open_error = EMFILE;
    bench.pass(250ms);
    CHECK(!bench.dialer.idle()); // the first one may still connect
    bench.answer(0, 0);
    CHECK(bench.dialer.connected());
}

TEST_CASE("the error is that of the last attempt") {
    DialerBench bench;
    bench.begin({v4(1), v4(2)});
    bench.pass(250ms);
    bench.answer(1, -ECONNREFUSED);
    bench.answer(0, -EHOSTUNREACH);
    CHECK(bench.dialer.error_number() == EHOSTUNREACH);
}

TEST_CASE("a dialer can be cancelled at any time, and begin again") {
    DialerBench bench;
    SECTION("while it is idle") {}
    SECTION("while it connects, with addresses waiting") {
        bench.begin({v4(1), v4(2), v4(3)});
        bench.pass(250ms);
        bench.dialer.cancel();
        CHECK(bench.dialer.deadline() == never);
        CHECK(!bench.dialer.idle());
        CHECK(bench.cancelled().size() == 2);
    }
    SECTION("with a connection that has not been taken") {
        bench.begin({v4(1)});
        bench.answer(0, 0);
        bench.dialer.cancel();
        CHECK(bench.engine.closed == Numbers{socket_of(0)});
        CHECK(!bench.dialer.connected());
    }
    SECTION("twice") {
        bench.begin({v4(1)});
        bench.dialer.cancel();
        bench.dialer.cancel();
        CHECK(bench.cancelled().size() == 1);
    }
    bench.dialer.cancel();
    bench.finish_cancelled();
    CHECK(bench.dialer.idle());
    CHECK(bench.dialer.error_number() == 0); // nothing has failed
    bench.begin({v6(9)});
    CHECK(bench.tried().back() == 9);
}

} // namespace ringcast::upstream
