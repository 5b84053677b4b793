// Of the engine on epoll alone: how it avoids to block, and which descriptors it watches. The tests of
// all operations are in the other files.

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "epoll/epoll_engine.hpp"
#include "kernel/loopback.hpp"
#include "os/clock.hpp"
#include "support/in_child.hpp"
#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;
using namespace std::chrono_literals;

namespace {

class EpollLoop : public Loop {
public:
    EpollLoop() : Loop(std::move(epoll::EpollEngine::create({}).value())) {}
};

struct Pipe {
    UniqueFd reading;
    UniqueFd writing;

    explicit Pipe(int flags = O_CLOEXEC) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), flags) == 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }
};

/// From now on epoll_pwait2 fails with `error`, as on kernels and under profiles that don't know it.
bool forbid_epoll_pwait2(int error) {
    std::array<sock_filter, 4> filter{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_epoll_pwait2},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

} // namespace

TEST_CASE("descriptors that other programs may share stay blocking") {
    EpollLoop loop;
    const Pipe pipe;
    const UniqueFd listener = listen_tcp();
    const UniqueFd counter(::eventfd(0, EFD_CLOEXEC));
    std::array<std::byte, 8> into{};
    loop.engine().read(token_of(1), pipe.reading.get(), into);
    loop.engine().accept(token_of(2), listener.get());
    loop.engine().poll(token_of(3), counter.get(), io::PollEvents::readable);
    CHECK(loop.turn(0ns) == 0);
    for (const int fd : {pipe.reading.get(), listener.get(), counter.get()}) {
        CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    }
}

TEST_CASE("a client that leaves before it is accepted does not block the loop") {
    EpollLoop loop;
    const bool tcp = GENERATE(true, false);
    const UniqueFd listener = tcp ? listen_tcp() : listen_unix();
    loop.engine().accept(token_of(1), listener.get());
    UniqueFd viewer = connect_to(listener.get());
    const linger reset{1, 0};
    REQUIRE(::setsockopt(viewer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    viewer.reset();
    const UniqueFd gone(loop.result_of(token_of(1)).result);
    loop.engine().accept(token_of(2), listener.get());
    CHECK(loop.turn(0ns) == 0);
    const UniqueFd next_viewer = connect_to(listener.get());
    const UniqueFd next(loop.result_of(token_of(2)).result);
    CHECK(next.valid());
}

TEST_CASE("a regular file, which epoll refuses, is read at once") {
    EpollLoop loop;
    const test::TemporaryFile file("frame");
    const UniqueFd opened(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
    std::array<std::byte, 8> into{};
    loop.engine().read(token_of(1), opened.get(), into);
    CHECK(loop.result_of(token_of(1)).result == 5);
    loop.engine().read(token_of(2), opened.get(), into);
    CHECK(loop.result_of(token_of(2)).result == 0);
}

TEST_CASE("a descriptor with the number of an earlier one is watched anew") {
    EpollLoop loop;
    std::array<std::byte, 8> into{};
    auto first = std::make_unique<Pipe>();
    const int number = first->reading.get();
    const UniqueFd shared(::dup(number)); // keeps epoll from forgetting it
    loop.engine().read(token_of(1), number, into);
    CHECK(loop.turn(0ns) == 0);
    loop.engine().cancel(token_of(2), token_of(1));
    CHECK(loop.result_of(token_of(1)).result == -ECANCELED);
    first.reset();
    const Pipe second;
    REQUIRE(second.reading.get() == number);
    loop.engine().read(token_of(3), number, into);
    CHECK(loop.turn(0ns) == 0);
    REQUIRE(::write(second.writing.get(), "abc", 3) == 3);
    CHECK(loop.result_of(token_of(3)).result == 3);
}

TEST_CASE("an accepted socket with the number of an earlier one is watched anew") {
    EpollLoop loop;
    const UniqueFd listener = listen_tcp();
    int number = -1;
    for (std::uint32_t round = 0; round < 2; ++round) {
        loop.engine().accept(token_of(10 * round), listener.get());
        const UniqueFd viewer = connect_to(listener.get());
        const int accepted = loop.result_of(token_of(10 * round)).result;
        CHECK((round == 0 || accepted == number));
        number = accepted;
        std::array<std::byte, 8> into{};
        loop.engine().receive(token_of(10 * round + 1), accepted, into);
        CHECK(loop.turn(0ns) == 0);
        REQUIRE(::send(viewer.get(), "GET", 3, MSG_NOSIGNAL) == 3);
        CHECK(loop.result_of(token_of(10 * round + 1)).result == 3);
        // Not by the engine, which therefore does not know.
        UniqueFd(accepted).reset();
    }
}

TEST_CASE("close ends the operations that have not completed") {
    EpollLoop loop;
    Connection connection = connect_tcp({.viewer_receive_bytes = 8192});
    const std::vector<std::byte> frame = make_pattern(8UL * 1024UL * 1024UL);
    std::array<std::byte, 8> into{};
    const int server = connection.server.release();
    loop.engine().send(token_of(1), server, frame, {});
    loop.engine().receive(token_of(2), server, into);
    loop.engine().poll(token_of(3), server, io::PollEvents::hangup);
    CHECK(loop.turn(0ns) == 0);
    loop.engine().close(token_of(4), server);
    CHECK(loop.result_of(token_of(4)).result == 0);
    CHECK(loop.result_of(token_of(1)).result > 0); // the bytes so far
    CHECK(loop.result_of(token_of(2)).result == -ECANCELED);
    CHECK(loop.result_of(token_of(3)).result == -ECANCELED);
    CHECK(loop.seen().size() == 4);
}

TEST_CASE("sends on one socket stay in order when the first has to wait") {
    EpollLoop loop;
    const Connection connection = connect_tcp({.viewer_receive_bytes = 8192});
    std::vector<std::byte> all = make_pattern(8UL * 1024UL * 1024UL);
    const ConstByteSpan bytes(all);
    constexpr std::size_t first = 6UL * 1024UL * 1024UL;
    loop.engine().send(token_of(1), connection.server.get(), bytes.first(first), {});
    loop.engine().send(token_of(2), connection.server.get(), bytes.subspan(first), {});
    CHECK(read_all(loop, connection.viewer.get(), all.size()) == all);
    CHECK(loop.result_of(token_of(1)).result == static_cast<std::int32_t>(first));
    CHECK(loop.result_of(token_of(2)).result == static_cast<std::int32_t>(all.size() - first));
}

TEST_CASE("a connect that is aborted ends, and the socket is not connected again") {
    EpollLoop loop;
    const UniqueFd listener = listen_tcp();
    REQUIRE(::listen(listener.get(), 0) == 0);
    io::SocketAddress address;
    address.length = sizeof(sockaddr_storage);
    REQUIRE(::getsockname(listener.get(),
                          static_cast<sockaddr*>(static_cast<void*>(address.bytes.data())),
                          &address.length) == 0);
    std::vector<UniqueFd> sockets;
    std::uint32_t pending = 0;
    for (std::uint32_t i = 1; i <= 8 && pending == 0; ++i) { // until the backlog is full
        sockets.emplace_back(loop.engine().open_socket(address));
        loop.engine().connect(token_of(i), sockets.back().get(), address);
        static_cast<void>(loop.turn(100ms));
        pending = loop.results(token_of(i)).empty() ? i : 0;
    }
    REQUIRE(pending > 0);
    loop.engine().abort(token_of(100), sockets.back().get(), io::Transport::tcp);
    CHECK(loop.result_of(token_of(100)).result == 0);
    CHECK(loop.result_of(token_of(pending)).result == -ECONNABORTED);
}

TEST_CASE("where epoll_pwait2 is refused, waits are in whole milliseconds and not too short") {
    for (const int error : {ENOSYS, EPERM}) {
        const std::string outcome = test_support::in_child([error]() -> std::string {
            if (!forbid_epoll_pwait2(error)) {
                return "no filter";
            }
            const auto engine = std::move(epoll::EpollEngine::create({}).value());
            std::array<io::Completion, 4> completions;
            const Instant wake_at = os::monotonic_now() + 1500us;
            const std::size_t count = engine->submit_and_reap(completions, wake_at, 1);
            return count == 0 && engine->now() >= wake_at ? "waited" : "returned early";
        });
        CHECK(outcome == "waited");
    }
}

TEST_CASE("no memory is registered, and the reason names the engine") {
    EpollLoop loop;
    std::array<std::byte, 64> memory{};
    const auto registered = loop.engine().register_buffer(memory, {});
    REQUIRE_FALSE(registered);
    CHECK(registered.error().message.find("epoll") != std::string::npos);
    CHECK_FALSE(loop.engine().zero_copy_supported());
}
