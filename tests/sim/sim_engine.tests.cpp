#include "sim/sim_engine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <poll.h>

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

/// A client that reads everything or nothing, and records what happens to it.
class Client final : public RemoteEnd {
public:
    bool reads = true;
    bool connected = false;
    bool ended = false;
    bool reset = false;
    std::string received;
    Instant last_byte_at{};
    EventQueue* events = nullptr;

    void on_connected(SimConnection&) override { connected = true; }
    void on_readable(SimConnection& connection) override {
        if (reads) {
            received += as_text(connection.client_take(connection.client_readable()));
            last_byte_at = events->now();
        }
    }
    void on_end(SimConnection&) override { ended = true; }
    void on_reset(SimConnection&) override { reset = true; }
};

/// An engine without faults, one listener, and one client that is accepted.
struct World {
    Decisions decisions{std::span<const std::uint8_t>{}};
    SimEngine engine{decisions, {true, 0, false}};
    Client client;
    int listener = engine.open_listener();
    SimConnection* connection = nullptr;
    int socket = -1;
    std::uint32_t next_slot = 1;

    World() { client.events = &engine.events(); }

    io::OpToken token(io::OpKind kind) { return {kind, next_slot++, 1}; }

    std::vector<io::Completion> turn(Instant wake_at) {
        std::array<io::Completion, 64> completions;
        const std::size_t count = engine.submit_and_reap(completions, wake_at, 1);
        return {completions.begin(), completions.begin() + static_cast<std::ptrdiff_t>(count)};
    }
    /// All completions of the next `span` of time.
    std::vector<io::Completion> run(Duration span) {
        const Instant end = engine.now() + span;
        std::vector<io::Completion> all;
        while (engine.now() < end) {
            const auto some = turn(end);
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }
    void accept_one(LinkSetup setup) {
        connection = &engine.connect(listener, std::move(setup), client);
        const io::OpToken accepting{io::OpKind::accept, 0, next_slot++};
        engine.accept(accepting, listener);
        const auto answers = run(1s);
        REQUIRE(answers.size() == 1);
        socket = answers[0].result;
    }
};

ConstByteSpan bytes_of(const std::string& text) {
    return as_bytes(text);
}

std::vector<std::byte> frame_memory(std::size_t size) {
    std::vector<std::byte> memory(size);
    for (std::size_t i = 0; i < size; ++i) {
        memory[i] = static_cast<std::byte>(i * 31 % 251);
    }
    return memory;
}

LinkSetup far_link() {
    LinkSetup link;
    link.round_trip = 100ms;
    link.receive_buffer = 1 << 20;
    link.send_buffer = 1 << 20;
    return link;
}

LinkSetup unix_link() {
    LinkSetup link;
    link.transport = io::Transport::unix_socket;
    link.local = true;
    link.address = "unix";
    link.send_buffer = 1000;
    return link;
}

constexpr io::SendOptions wait_all{true, false};
constexpr io::SendOptions partial{false, false};

} // namespace

TEST_CASE("a send by copy completes when its bytes are in the socket, before they are delivered") {
    World world;
    world.accept_one(far_link());
    std::string text = "hello";
    const Instant sent_at = world.engine.now();
    world.engine.send(world.token(io::OpKind::reply), world.socket, bytes_of(text), wait_all);
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == 5);
    CHECK_FALSE(answers[0].more);
    CHECK(world.engine.now() - sent_at < 1ms);
    text = "xxxxx"; // the bytes were copied, so the memory may change
    (void)world.run(1s);
    CHECK(world.client.received == "hello");
    CHECK(world.client.last_byte_at - sent_at >= 50ms);
    CHECK(world.client.last_byte_at - sent_at < 60ms);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("without completions the engine sleeps until the wake-up time") {
    World world;
    const Instant wake_at = world.engine.now() + 250ms;
    CHECK(world.turn(wake_at).empty());
    CHECK(world.engine.now() == wake_at);
    CHECK(world.turn(world.engine.now() - 1s).empty());
    CHECK(world.engine.now() < wake_at + 1ms);
}

TEST_CASE("a zero-copy send has its result when it is queued and its notification at the ACK") {
    World world;
    world.accept_one(far_link());
    auto memory = frame_memory(10000);
    const auto buffer = world.engine.register_buffer(memory, {});
    REQUIRE(buffer);
    const io::OpToken token = world.token(io::OpKind::frame_send);
    const Instant sent_at = world.engine.now();
    world.engine.send_zero_copy(token, world.socket, memory, *buffer, wait_all);
    auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].token == token);
    CHECK(answers[0].result == 10000);
    CHECK(answers[0].more);
    CHECK_FALSE(answers[0].notification);
    CHECK(world.engine.now() - sent_at < 1ms);

    answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].token == token);
    CHECK(answers[0].notification);
    CHECK_FALSE(answers[0].more);
    CHECK_FALSE(answers[0].copied);
    CHECK(world.engine.now() - sent_at >= 100ms);
    CHECK(world.engine.operations_outstanding() == 0);
    CHECK(world.engine.pages_held() == 0);
    CHECK(world.client.received == as_text(memory));
    CHECK(world.engine.violations().empty());
}

TEST_CASE("a change of memory between a zero-copy result and its notification is a violation") {
    World world;
    world.accept_one(far_link());
    auto memory = frame_memory(10000);
    const auto buffer = world.engine.register_buffer(memory, {});
    world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory, *buffer,
                                wait_all);
    REQUIRE(world.turn(never).size() == 1);
    memory[9999] ^= std::byte{1};
    (void)world.run(1s);
    REQUIRE(world.engine.violations().size() == 1);
    CHECK(world.engine.violations()[0].find("changed before its notification") !=
          std::string::npos);
}

TEST_CASE(
    "zero-copy sends to this host are reported as copied, and hold their pages nevertheless") {
    World world;
    LinkSetup link = far_link();
    link.local = true;
    world.accept_one(link);
    auto memory = frame_memory(5000);
    const auto buffer = world.engine.register_buffer(memory, {});
    CHECK(world.engine.describe_peer(world.socket).local);
    world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory, *buffer,
                                wait_all);
    const Instant sent_at = world.engine.now();
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].notification);
    CHECK(answers[1].copied);
    CHECK(world.client.last_byte_at - sent_at >= 50ms);
}

TEST_CASE("a peer that never reads holds the pages of sends that have succeeded") {
    World world;
    LinkSetup link;
    link.send_buffer = 100000;
    link.receive_buffer = 10000;
    link.unsent_max = 100000;
    world.client.reads = false;
    world.accept_one(link);
    auto memory = frame_memory(20000);
    const auto buffer = world.engine.register_buffer(memory, {});
    for (int i = 0; i < 3; ++i) {
        world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory,
                                    *buffer, wait_all);
        const auto answers = world.run(1s);
        REQUIRE(answers.size() == 1); // no notification
        CHECK(answers[0].result == 20000);
    }
    CHECK(world.engine.pages_held() == 3);
    CHECK(world.engine.socket_progress(world.socket, io::Transport::tcp).bytes_acked == 10000);

    world.engine.abort(world.token(io::OpKind::abort), world.socket, io::Transport::tcp);
    const auto answers = world.turn(never);
    REQUIRE_FALSE(answers.empty());
    CHECK(answers[0].token.kind == io::OpKind::abort);
    CHECK(answers[0].result == 0);
    const auto notifications = world.run(1ms);
    CHECK(answers.size() + notifications.size() == 4);
    CHECK(world.engine.pages_held() == 0);
    CHECK_FALSE(world.engine.socket_progress(world.socket, io::Transport::tcp).known);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("the release of a buffer completes after the notification of the last send from it") {
    World world;
    world.accept_one(far_link());
    auto memory = frame_memory(10000);
    const io::OpToken released = world.token(io::OpKind::source);
    const auto buffer = world.engine.register_buffer(memory, released);
    REQUIRE(buffer);
    const io::OpToken sent = world.token(io::OpKind::frame_send);
    world.engine.send_zero_copy(sent, world.socket, memory, *buffer, wait_all);
    REQUIRE(world.turn(never).size() == 1);
    world.engine.release_buffer(*buffer);
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].token == sent);
    CHECK(answers[0].notification);
    CHECK(answers[1].token == released);
    CHECK(answers[1].result == 0);
    CHECK_FALSE(answers[1].more);
    CHECK(world.engine.operations_outstanding() == 0);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("a buffer that is not in use is released at once, and its table entry is reused") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    SimEngine engine(decisions, {.faults = false, .buffer_table_size = 1});
    auto memory = frame_memory(100);
    const io::OpToken released{io::OpKind::source, 1, 1};
    const auto first = engine.register_buffer(memory, released);
    REQUIRE(first);
    CHECK_FALSE(engine.register_buffer(memory, {}));
    engine.release_buffer(*first);
    const auto second = engine.register_buffer(memory, {});
    REQUIRE(second);
    CHECK(*second == *first);
    engine.release_buffer(*second);
    std::array<io::Completion, 4> completions;
    REQUIRE(engine.submit_and_reap(completions, engine.now() + 1s, 1) == 1);
    CHECK(completions[0].token == released);
    CHECK(engine.violations().empty());
}

TEST_CASE("misuse of fixed buffers is a violation") {
    World world;
    world.accept_one(far_link());
    auto memory = frame_memory(100);
    const auto buffer = world.engine.register_buffer(memory, {});
    REQUIRE(buffer);
    SECTION("released twice") {
        world.engine.release_buffer(*buffer);
        world.engine.release_buffer(*buffer);
    }
    SECTION("released while a send from it waits to be submitted") {
        world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory,
                                    *buffer, wait_all);
        world.engine.release_buffer(*buffer);
    }
    SECTION("sent from after its release") {
        world.engine.release_buffer(*buffer);
        world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory,
                                    *buffer, wait_all);
    }
    CHECK(world.engine.violations().size() == 1);
}

TEST_CASE("a connect reaches the server at the address, or is refused") {
    World world;
    LinkSetup link;
    link.round_trip = 100ms;
    Client server;
    server.events = &world.engine.events();
    io::SocketAddress nobody;
    nobody.bytes[0] = std::byte{1};
    world.engine.set_servers([&](const io::SocketAddress& address) {
        return SimEngine::Server{link, address.bytes[0] == std::byte{0} ? &server : nullptr};
    });
    const int socket = world.engine.open_socket({});
    REQUIRE(socket >= 0);
    world.engine.connect(world.token(io::OpKind::source), socket, {});
    CHECK(world.run(99ms).empty());
    const auto connected = world.run(2ms);
    REQUIRE(connected.size() == 1);
    CHECK(connected[0].result == 0);
    CHECK(server.connected);
    const std::string request = "GET /";
    world.engine.send(world.token(io::OpKind::source), socket, bytes_of(request), wait_all);
    (void)world.run(1s);
    CHECK(server.received == request);

    const int refused = world.engine.open_socket(nobody);
    world.engine.connect(world.token(io::OpKind::source), refused, nobody);
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == -ECONNREFUSED);
    world.engine.close({}, refused);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("receive_all completes with all bytes, or with those before the end or a cancel") {
    World world;
    world.accept_one({});
    std::array<std::byte, 10> into{};
    const io::OpToken receiving = world.token(io::OpKind::receive);
    world.engine.receive_all(receiving, world.socket, into);
    world.connection->client_write(bytes_of("12345"));
    CHECK(world.run(1s).empty());
    SECTION("all bytes") {
        world.connection->client_write(bytes_of("6789012"));
        const auto answers = world.run(1s);
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].result == 10);
        CHECK(as_text(into) == "1234567890");
    }
    SECTION("the end") {
        world.connection->client_half_close();
        const auto answers = world.run(1s);
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].result == 5);
    }
    SECTION("a cancel") {
        world.engine.cancel({}, receiving);
        const auto answers = world.run(1s);
        REQUIRE(answers.size() == 2);
        CHECK(std::max(answers[0].result, answers[1].result) == 5);
    }
}

TEST_CASE("an abort completes first, then the operations that it ends, the newest first") {
    World world;
    LinkSetup link;
    link.send_buffer = 1000;
    link.receive_buffer = 1000;
    world.client.reads = false;
    world.accept_one(link);
    const auto memory = frame_memory(5000);
    std::array<std::byte, 100> into{};
    const io::OpToken receiving = world.token(io::OpKind::receive);
    const io::OpToken polling = world.token(io::OpKind::hangup);
    const io::OpToken begun = world.token(io::OpKind::frame_send);
    const io::OpToken queued = world.token(io::OpKind::frame_send);
    world.engine.receive(receiving, world.socket, into);
    world.engine.poll(polling, world.socket, io::PollEvents::hangup);
    world.engine.send(begun, world.socket, memory, wait_all);
    world.engine.send(queued, world.socket, memory, wait_all);
    REQUIRE(world.run(1s).empty());
    CHECK(world.engine.violations().size() == 1); // two sends at once, to check the order

    const io::OpToken aborting = world.token(io::OpKind::abort);
    world.engine.abort(aborting, world.socket, io::Transport::tcp);
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 5);
    CHECK(answers[0].token == aborting);
    CHECK(answers[0].result == 0);
    CHECK(answers[1].token == queued);
    CHECK(answers[1].result == -ECONNRESET);
    CHECK(answers[2].token == begun);
    CHECK(answers[2].result == 2000); // bytes in the two socket buffers: a positive partial result
    CHECK(answers[3].token == polling);
    CHECK((answers[3].result & POLLHUP) != 0);
    CHECK(answers[4].token == receiving);
    CHECK(answers[4].result == -ENOTCONN);
    CHECK(world.client.reset);

    std::array<std::byte, 10> more{};
    world.engine.receive(world.token(io::OpKind::receive), world.socket, more);
    world.engine.shutdown_writing(world.token(io::OpKind::abort), world.socket);
    const auto afterwards = world.run(1ms);
    REQUIRE(afterwards.size() == 2);
    CHECK(afterwards[0].result == -ENOTCONN);
    CHECK(afterwards[1].result == -ENOTCONN);
}

TEST_CASE("unsent bytes are bounded by the low-water mark, not by the send buffer") {
    World world;
    LinkSetup link;
    link.bytes_per_second = 100'000;
    link.round_trip = 20ms;
    link.send_buffer = 1 << 20;
    link.receive_buffer = 1 << 20;
    link.segment_max = 1000;
    link.unsent_max = 4000;
    world.accept_one(link);
    const auto memory = frame_memory(100'000);
    const Instant begun_at = world.engine.now();
    world.engine.send(world.token(io::OpKind::frame_send), world.socket, memory, wait_all);
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    // 100 KB at 100 KB/s take a second. At the result at most the mark, 40 ms, remains.
    CHECK(world.engine.now() - begun_at >= 950ms);
    CHECK(world.engine.now() - begun_at <= 1s);
    (void)world.run(1s);
    CHECK(world.client.received.size() == 100'000);
}

TEST_CASE("a far peer's rate is bounded by its window and its round trip") {
    World world;
    LinkSetup link = far_link();
    link.receive_buffer = 50'000;
    link.unsent_max = 1 << 20;
    world.accept_one(link);
    const auto memory = frame_memory(500'000);
    world.engine.send(world.token(io::OpKind::frame_send), world.socket, memory, wait_all);
    const Instant begun_at = world.engine.now();
    (void)world.run(5s);
    CHECK(world.client.received == as_text(memory));
    const Duration took = world.client.last_byte_at - begun_at;
    CHECK(took >= 900ms); // ten windows, one round trip each, less the last way back
    CHECK(took <= 1100ms);
}

TEST_CASE("a UNIX socket takes part of a send, and its shutdown ends everything") {
    World world;
    world.client.reads = false;
    world.accept_one(unix_link());
    const auto memory = frame_memory(1500);
    const io::OpToken first = world.token(io::OpKind::frame_send);
    world.engine.send(first, world.socket, memory, partial);
    auto answers = world.run(1ms);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == 1000);

    world.engine.send(world.token(io::OpKind::frame_send), world.socket,
                      ConstByteSpan(memory).subspan(1000), partial);
    std::array<std::byte, 10> into{};
    world.engine.receive(world.token(io::OpKind::receive), world.socket, into);
    world.engine.poll(world.token(io::OpKind::hangup), world.socket, io::PollEvents::hangup);
    CHECK(world.run(1s).empty());
    CHECK_FALSE(world.engine.socket_progress(world.socket, io::Transport::unix_socket).known);

    world.engine.abort(world.token(io::OpKind::abort), world.socket, io::Transport::unix_socket);
    answers = world.run(1ms);
    REQUIRE(answers.size() == 4);
    CHECK(answers[0].result == 0);
    CHECK((answers[1].result & POLLHUP) != 0);
    CHECK(answers[2].result == 0);
    CHECK(answers[3].result == -EPIPE);
    CHECK(world.client.ended);
    CHECK(as_text(world.connection->client_take(2000)) == as_text(memory).substr(0, 1000));
    CHECK(world.engine.violations().empty());
}

TEST_CASE("a UNIX socket has neither zero-copy sends nor AF_UNSPEC") {
    World world;
    world.accept_one(unix_link());
    auto memory = frame_memory(100);
    const auto buffer = world.engine.register_buffer(memory, {});
    world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory, *buffer,
                                partial);
    world.engine.abort(world.token(io::OpKind::abort), world.socket, io::Transport::tcp);
    const auto answers = world.run(1ms);
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].result == -EOPNOTSUPP);
    CHECK(answers[1].result == -EINVAL);
    CHECK(world.engine.violations().size() == 2);
}

TEST_CASE("close ends no operation, and a close with operations under way is a violation") {
    World world;
    world.accept_one({});
    std::array<std::byte, 10> into{};
    world.engine.receive(world.token(io::OpKind::receive), world.socket, into);
    REQUIRE(world.run(1ms).empty());
    world.engine.close(world.token(io::OpKind::close), world.socket);
    REQUIRE(world.engine.violations().size() == 1);
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].token.kind == io::OpKind::close);
    CHECK(world.engine.operations_outstanding() == 1);
}

TEST_CASE("an orderly close delivers what was sent") {
    World world;
    world.accept_one(far_link());
    const std::string text = "the answer";
    world.engine.send(world.token(io::OpKind::reply), world.socket, bytes_of(text), wait_all);
    REQUIRE(world.turn(never).size() == 1);
    world.engine.close(world.token(io::OpKind::close), world.socket);
    REQUIRE(world.turn(never).size() == 1);
    CHECK(world.engine.open_descriptors() == 1); // the listener
    (void)world.run(1s);
    CHECK(world.client.received == text);
    CHECK(world.client.ended);
    CHECK_FALSE(world.client.reset);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("closing with unread bytes resets the connection and destroys the answer") {
    World world;
    world.accept_one(far_link());
    const std::string text = "the answer";
    world.connection->client_write(as_bytes("more than was asked for"));
    (void)world.run(1s);
    world.engine.send(world.token(io::OpKind::reply), world.socket, bytes_of(text), wait_all);
    REQUIRE(world.turn(never).size() == 1);
    world.engine.close(world.token(io::OpKind::close), world.socket);
    (void)world.run(1s);
    CHECK(world.client.received.empty());
    CHECK(world.client.reset);
}

TEST_CASE("a receive returns what has arrived, then the end, then stays at the end") {
    World world;
    world.accept_one({});
    world.connection->client_write(as_bytes("GET / "));
    world.connection->client_half_close();
    std::array<std::byte, 4> into{};
    std::string text;
    for (const int expected : {4, 2, 0, 0}) {
        world.engine.receive(world.token(io::OpKind::receive), world.socket, into);
        const auto answers = world.turn(never);
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].result == expected);
        text += as_text(ConstByteSpan(into).first(static_cast<std::size_t>(answers[0].result)));
    }
    CHECK(text == "GET / ");
    world.engine.poll(world.token(io::OpKind::hangup), world.socket, io::PollEvents::hangup);
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == POLLRDHUP);
    world.engine.send(world.token(io::OpKind::reply), world.socket, as_bytes("still here"),
                      wait_all);
    (void)world.run(1ms);
    CHECK(world.client.received == "still here");
}

TEST_CASE("a reset by the peer ends a receive, a poll and a send, and frees the pages") {
    World world;
    LinkSetup link;
    link.receive_buffer = 1000;
    link.unsent_max = 1000;
    world.client.reads = false;
    world.accept_one(link);
    auto memory = frame_memory(5000);
    const auto buffer = world.engine.register_buffer(memory, {});
    std::array<std::byte, 10> into{};
    world.engine.poll(world.token(io::OpKind::hangup), world.socket, io::PollEvents::hangup);
    world.engine.receive(world.token(io::OpKind::receive), world.socket, into);
    world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory, *buffer,
                                wait_all);
    REQUIRE(world.run(1s).empty());
    world.connection->client_reset();
    const auto answers = world.run(1s);
    REQUIRE(answers.size() == 4);
    for (const io::Completion& answer : answers) {
        if (answer.token.kind == io::OpKind::hangup) {
            CHECK((answer.result & POLLERR) != 0);
        } else if (answer.token.kind == io::OpKind::receive) {
            CHECK(answer.result == -ECONNRESET);
        } else if (!answer.notification) {
            CHECK(answer.result == 2000);
            CHECK(answer.more);
        }
    }
    CHECK(world.engine.pages_held() == 0);
    world.engine.send(world.token(io::OpKind::reply), world.socket, as_bytes("x"), wait_all);
    const auto late = world.turn(never);
    REQUIRE(late.size() == 1);
    CHECK(late[0].result == -EPIPE);
    CHECK(world.decisions.census().of(FaultKind::reset_while_sending) == 1);
    CHECK(world.decisions.census().of(FaultKind::send_reset_midway) == 1);
    CHECK(world.engine.violations().empty());
}

TEST_CASE("the connection of a peer that vanishes breaks after the user time-out") {
    World world;
    LinkSetup link;
    link.user_timeout = 20s;
    world.accept_one(link);
    auto memory = frame_memory(5000);
    const auto buffer = world.engine.register_buffer(memory, {});
    world.connection->client_vanish();
    world.engine.poll(world.token(io::OpKind::hangup), world.socket, io::PollEvents::hangup);
    world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, memory, *buffer,
                                wait_all);
    const auto early = world.run(19s);
    REQUIRE(early.size() == 1);
    CHECK(early[0].more);
    CHECK(world.run(2s).size() == 2);
    std::array<std::byte, 10> into{};
    world.engine.receive(world.token(io::OpKind::receive), world.socket, into);
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == -ETIMEDOUT);
}

TEST_CASE("a cancelled operation ends with ECANCELED, and a finished one is not found") {
    World world;
    world.accept_one({});
    std::array<std::byte, 10> into{};
    const io::OpToken receiving = world.token(io::OpKind::receive);
    world.engine.receive(receiving, world.socket, into);
    REQUIRE(world.run(1ms).empty());
    const io::OpToken cancelling = world.token(io::OpKind::abort);
    world.engine.cancel(cancelling, receiving);
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 2);
    CHECK(std::any_of(answers.begin(), answers.end(), [&](const io::Completion& answer) {
        return answer.token == receiving && answer.result == -ECANCELED;
    }));
    CHECK(std::any_of(answers.begin(), answers.end(), [&](const io::Completion& answer) {
        return answer.token == cancelling && answer.result == 0;
    }));
    world.engine.cancel(cancelling, receiving);
    const auto late = world.turn(never);
    REQUIRE(late.size() == 1);
    CHECK(late[0].result == -ENOENT);
}

TEST_CASE("a read of an eventfd waits for a signal and returns the number of signals") {
    World world;
    const int event = world.engine.open_event();
    std::array<std::byte, 8> into{};
    world.engine.read(world.token(io::OpKind::source), event, into);
    world.engine.events().after(30ms, [&] { world.engine.signal(event); });
    const Instant begun_at = world.engine.now();
    const auto answers = world.turn(never);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].result == 8);
    CHECK(world.engine.now() - begun_at >= 30ms);
    world.engine.signal(event);
    world.engine.signal(event);
    world.engine.read(world.token(io::OpKind::source), event, into);
    REQUIRE(world.turn(never).size() == 1);
    std::uint64_t count = 0;
    std::memcpy(&count, into.data(), sizeof count);
    CHECK(count == 2);
}

TEST_CASE("no more completions are handed out than fit, and none is lost") {
    World world;
    std::array<std::byte, 8> into{};
    for (int i = 0; i < 5; ++i) {
        const int event = world.engine.open_event();
        world.engine.signal(event);
        world.engine.read(world.token(io::OpKind::source), event, into);
    }
    std::array<io::Completion, 2> few;
    CHECK(world.engine.submit_and_reap(few, never, 1) == 2);
    CHECK(world.engine.submit_and_reap(few, never, 1) == 2);
    CHECK(world.engine.submit_and_reap(few, never, 1) == 1);
}

TEST_CASE("misuse of descriptors, tokens and memory is a violation") {
    World world;
    world.accept_one({});
    auto memory = frame_memory(100);
    auto elsewhere = frame_memory(100);
    const auto buffer = world.engine.register_buffer(memory, {});
    std::array<std::byte, 10> into{};

    SECTION("an operation on a closed descriptor") {
        world.engine.close(world.token(io::OpKind::close), world.socket);
        world.engine.send(world.token(io::OpKind::reply), world.socket, memory, wait_all);
        const auto answers = world.run(1ms);
        CHECK(std::any_of(answers.begin(), answers.end(),
                          [](const io::Completion& answer) { return answer.result == -EBADF; }));
    }
    SECTION("a token that another operation still has") {
        const io::OpToken token = world.token(io::OpKind::receive);
        world.engine.receive(token, world.socket, into);
        world.engine.poll(token, world.socket, io::PollEvents::hangup);
    }
    SECTION("a zero-copy send from outside its buffer") {
        world.engine.send_zero_copy(world.token(io::OpKind::frame_send), world.socket, elsewhere,
                                    *buffer, wait_all);
    }
    SECTION("copied bytes that change before the result") {
        world.client.reads = false;
        auto large = frame_memory(200'000);
        world.engine.send(world.token(io::OpKind::frame_send), world.socket, large, wait_all);
        REQUIRE(world.run(1s).empty());
        large[199'999] ^= std::byte{1};
        world.engine.abort(world.token(io::OpKind::abort), world.socket, io::Transport::tcp);
        (void)world.run(1ms);
    }
    CHECK(world.engine.violations().size() == 1);
}

namespace {

/// A server that uses every operation. Returns the faults that occurred.
Census provoke(std::uint64_t seed, std::vector<std::string>& trace) {
    Decisions decisions(seed);
    SimEngine engine(decisions, {});
    Client client;
    client.events = &engine.events();
    auto memory = frame_memory(3000);
    const auto buffer = engine.register_buffer(memory, {});
    const int listener = engine.open_listener();
    const int event = engine.open_event();
    std::array<std::byte, 8> into{};
    std::array<std::byte, 64> request{};
    std::array<io::Completion, 16> completions;
    std::uint32_t generation = 1;
    Instant rearm_at = engine.now();
    bool accepting = false;
    bool reading = false;
    for (int step = 0; step < 400; ++step) {
        LinkSetup link;
        link.round_trip = std::chrono::milliseconds(decisions.below(50));
        SimConnection& connection = engine.connect(listener, link, client);
        connection.client_write(as_bytes("GET / HTTP/1.1\r\n\r\n"));
        if (!accepting && engine.now() >= rearm_at) {
            engine.accept({io::OpKind::accept, 0, generation++}, listener);
            accepting = true;
        }
        if (!reading) {
            engine.read({io::OpKind::source, 0, generation++}, event, into);
            reading = true;
        }
        engine.signal(event);
        if (const int outgoing = engine.open_socket({}); outgoing >= 0) {
            const auto slot = static_cast<std::uint32_t>(outgoing - (1 << 24));
            engine.connect({io::OpKind::control, slot, generation++}, outgoing, {});
        }
        const std::size_t count = engine.submit_and_reap(completions, engine.now() + 5ms, 4);
        for (std::size_t i = 0; i < count; ++i) {
            const io::Completion& answer = completions[i];
            trace.push_back(std::to_string(answer.token.pack()) + ":" +
                            std::to_string(answer.result) + (answer.notification ? "n" : ""));
            const std::uint32_t slot = answer.token.slot;
            const auto fd = static_cast<int>(slot) + (1 << 24);
            if (answer.token.kind == io::OpKind::accept) {
                accepting = false;
                rearm_at = answer.result < 0 ? engine.now() + 100ms : engine.now();
                if (answer.result >= 0) {
                    const auto next = static_cast<std::uint32_t>(answer.result - (1 << 24));
                    engine.receive({io::OpKind::receive, next, generation++}, answer.result,
                                   request);
                }
            } else if (answer.token.kind == io::OpKind::source) {
                reading = false;
            } else if (answer.token.kind == io::OpKind::control) {
                engine.close({}, fd);
            } else if (answer.token.kind == io::OpKind::receive ||
                       (answer.token.kind == io::OpKind::frame_send && !answer.notification &&
                        answer.result > 0 && !decisions.once_in(8))) {
                if (buffer && slot % 2 == 0) {
                    engine.send_zero_copy({io::OpKind::frame_send, slot, generation++}, fd, memory,
                                          *buffer, wait_all);
                } else {
                    engine.send({io::OpKind::frame_send, slot, generation++}, fd, memory, wait_all);
                }
            } else if (answer.token.kind == io::OpKind::frame_send && !answer.notification) {
                engine.poll({io::OpKind::hangup, slot, generation}, fd, io::PollEvents::hangup);
                engine.abort({io::OpKind::abort, slot, generation++}, fd, io::Transport::tcp);
            } else if (answer.token.kind == io::OpKind::hangup) {
                (void)engine.socket_progress(fd, io::Transport::tcp);
                engine.cancel({}, {io::OpKind::hangup, slot, answer.token.generation});
            } else if (answer.token.kind == io::OpKind::abort) {
                engine.shutdown_writing({io::OpKind::reply, slot, generation++}, fd);
            } else if (answer.token.kind == io::OpKind::reply) {
                engine.close({io::OpKind::close, slot, generation++}, fd);
            }
        }
    }
    return decisions.census();
}

} // namespace

TEST_CASE("the same seed repeats a run, and another one does not") {
    std::vector<std::string> first;
    std::vector<std::string> again;
    std::vector<std::string> other;
    (void)provoke(1, first);
    (void)provoke(1, again);
    (void)provoke(2, other);
    CHECK(first == again);
    CHECK(first != other);
    CHECK(first.size() > 100);
}

TEST_CASE("every error that an operation may return occurs") {
    Census census;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        std::vector<std::string> trace;
        census.add(provoke(seed, trace));
    }
    for (std::size_t i = 0; i < fault_kind_count; ++i) {
        const auto kind = static_cast<FaultKind>(i);
        if (fault_errno(kind) != 0) {
            INFO(fault_name(kind));
            CHECK(census.of(kind) > 0);
        }
    }
}

TEST_CASE(
    "accept that ran out of descriptors keeps the connection and must not be re-armed at once") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        Decisions decisions(seed);
        SimEngine engine(decisions, {});
        Client client;
        client.events = &engine.events();
        const int listener = engine.open_listener();
        (void)engine.connect(listener, {}, client);
        engine.accept({io::OpKind::accept, 0, 1}, listener);
        std::array<io::Completion, 4> completions;
        const std::size_t count = engine.submit_and_reap(completions, engine.now() + 1s, 1);
        REQUIRE(count == 1);
        if (completions[0].result != -EMFILE) {
            continue;
        }
        const Instant out_at = engine.now();
        SECTION("at once is a violation") {
            engine.accept({io::OpKind::accept, 0, 2}, listener);
            CHECK(engine.violations().size() == 1);
        }
        SECTION("after a pause returns the same connection") {
            (void)engine.submit_and_reap(completions, out_at + 100ms, 1);
            engine.accept({io::OpKind::accept, 0, 2}, listener);
            CHECK(engine.violations().empty());
            CHECK(engine.submit_and_reap(completions, engine.now() + 1s, 1) == 1);
        }
        return;
    }
    FAIL("no seed met EMFILE");
}
