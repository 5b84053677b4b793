#include "connection/frame_sender.hpp"

#include <array>
#include <cerrno>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "connection/bench.hpp"

using namespace ringcast;
using connection::FrameSender;
using connection::SendCounters;
using connection::SendId;
using connection::SendOutcome;
using connection::SendPath;
using connection::SkipCounters;
using connection::test::Call;
using connection::test::completion_of;
using connection::test::notification_of;
using connection::test::Operation;
using connection::test::remote_endpoint;
using connection::test::send_of;
using connection::test::size_of;
using connection::test::unix_endpoint;

namespace {

constexpr Duration second = std::chrono::seconds(1);

/// A sender to one peer, a viewer of the stream.
class SenderBench : public connection::test::Bench {
public:
    explicit SenderBench(const connection::Endpoint& peer = remote_endpoint(),
                         http::Variant variant = http::Variant::standard,
                         std::optional<io::BufferId> registered = connection::test::buffer)
        : Bench(registered), endpoint(peer) {
        sender.begin(endpoint, engine.now());
        sender.set_options({.stream = connection::test::stream, .variant = variant});
    }

    /// Sends a new frame and keeps no share of it.
    void send_part(bool slots_short = false) {
        const frame::FrameLease lease = make_frame();
        sender.send_part(context, endpoint, lease, slots_short);
    }
    /// As the connection passes a completion on.
    SendOutcome complete(const io::Completion& completion, bool aborting = false) {
        const SendId id = send_of(completion.token);
        connection::FrameSend& send = context.sends.get(id);
        const SendOutcome outcome =
            sender.on_completion(context, endpoint, id, send, completion, aborting);
        settled = sender.settle(context, id, send);
        return outcome;
    }
    /// The oldest send of this kind takes all its bytes.
    Operation send_whole(Call call, bool notification_follows = false) {
        const Operation operation = engine.take(call);
        CHECK(complete(completion_of(operation.token, size_of(operation.bytes),
                                     notification_follows)) == SendOutcome::frame_sent);
        return operation;
    }
    /// Sends a new frame by zero-copy up to its notification.
    void send_zero_copy(bool copied) {
        send_part();
        const Operation operation = send_whole(Call::send_zero_copy, true);
        CHECK(complete(notification_of(operation.token, copied)) == SendOutcome::pending);
        CHECK(settled);
    }
    [[nodiscard]] SendPath path() const { return sender.send_path(context, endpoint); }

    connection::Endpoint endpoint;
    FrameSender sender;
    bool settled = false; ///< by the last completion
};

} // namespace

TEST_CASE("a part is sent by zero-copy from the frame's buffer") {
    const auto variant = GENERATE(http::Variant::standard, http::Variant::advance);
    SenderBench bench(remote_endpoint(), variant);
    const frame::FrameLease frame = bench.make_frame();
    bench.sender.send_part(bench.context, bench.endpoint, frame, false);

    REQUIRE(bench.engine.operations.size() == 1);
    const Operation& send = bench.engine.newest(Call::send_zero_copy);
    const ConstByteSpan expected =
        variant == http::Variant::standard ? frame.standard_span() : frame.advance_span();
    CHECK(send.bytes.data() == expected.data());
    CHECK(send.bytes.size() == expected.size());
    CHECK(send.socket == bench.endpoint.socket);
    CHECK(send.token.kind == io::OpKind::frame_send);
    CHECK(send.buffer == connection::test::buffer);
    CHECK(send.options.wait_all);
    CHECK_FALSE(send.options.more_follows);
    CHECK(bench.sends.get(send_of(send.token)).connection == bench.endpoint.id);
}

TEST_CASE("a part is sent by copy while slots are short") {
    SenderBench bench;
    bench.send_part(true);
    CHECK(bench.engine.count(Call::send) == 1);
    CHECK(bench.engine.operations.size() == 1);
}

TEST_CASE("a frame in memory that is not registered is sent by copy") {
    SenderBench bench(remote_endpoint(), http::Variant::standard, std::nullopt);
    bench.send_part();
    CHECK(bench.engine.count(Call::send) == 1);
    CHECK(bench.path() == SendPath::zero_copy); // which depends on the peer alone
}

TEST_CASE("a part below the size that is worth zero-copy is sent by copy") {
    SenderBench bench;
    const frame::FrameLease frame = bench.make_frame();
    bench.engine.zero_copy_min = frame.standard_span().size();
    bench.sender.send_part(bench.context, bench.endpoint, frame, false);
    CHECK(bench.engine.count(Call::send_zero_copy) == 1);

    ++bench.engine.zero_copy_min;
    bench.send_part();
    CHECK(bench.engine.count(Call::send) == 1);
}

TEST_CASE("a viewer that pins as many frames as it may is sent the next one by copy") {
    SenderBench bench;
    bench.settings.pinned_per_viewer_max = 2;
    bench.send_part();
    const Operation first = bench.send_whole(Call::send_zero_copy, true);
    bench.send_part();
    static_cast<void>(bench.send_whole(Call::send_zero_copy, true));
    CHECK(bench.sender.pinned() == 2);

    bench.send_part();
    static_cast<void>(bench.send_whole(Call::send));
    CHECK(bench.sender.pinned() == 2); // a copy pins nothing after its result
    CHECK(bench.counters().frames_sent_copy == 1);

    static_cast<void>(bench.complete(notification_of(first.token)));
    bench.send_part();
    CHECK(bench.engine.count(Call::send_zero_copy) == 1);
}

TEST_CASE("a frame is released after the result and the notification of its send") {
    SenderBench bench;
    bench.send_part();
    const Operation send = bench.send_whole(Call::send_zero_copy, true);
    CHECK_FALSE(bench.settled);
    CHECK(bench.sender.pinned() == 1);
    CHECK_FALSE(bench.stream_sends().in_flight.empty());
    CHECK_FALSE(bench.all_slots_free());

    CHECK(bench.complete(notification_of(send.token)) == SendOutcome::pending);
    CHECK(bench.settled);
    CHECK(bench.sender.pinned() == 0);
    CHECK(bench.sends.size() == 0);
    CHECK(bench.stream_sends().in_flight.empty());
    CHECK(bench.all_slots_free());
}

TEST_CASE("a frame whose send has no notification is released after the result") {
    const Call call = GENERATE(Call::send, Call::send_zero_copy);
    SenderBench bench;
    bench.send_part(call == Call::send);
    static_cast<void>(bench.send_whole(call));
    CHECK(bench.settled);
    CHECK(bench.all_slots_free());
}

TEST_CASE("sent frames, bytes and notifications are counted for the stream") {
    SenderBench bench;
    bench.send_zero_copy(false);
    bench.send_zero_copy(true);
    bench.send_part(true);
    const Operation copy = bench.send_whole(Call::send);

    const SendCounters& counters = bench.counters();
    CHECK(counters.frames_sent_zero_copy == 2);
    CHECK(counters.frames_sent_copy == 1);
    CHECK(counters.bytes_sent == 3 * copy.bytes.size());
    CHECK(counters.notifications == 2);
    CHECK(counters.notifications_copied == 1);
    CHECK(bench.sender.frames_sent() == 3);
    CHECK(bench.sender.delivery().bytes_sent() == 3 * copy.bytes.size());
}

TEST_CASE("skipped frames are counted for the stream") {
    SenderBench bench;
    bench.send_part();
    static_cast<void>(bench.send_whole(Call::send_zero_copy));
    bench.sequence = 5; // 2 to 5 pass
    bench.sender.pacing().note_idle_from(4);
    bench.send_part();
    CHECK(bench.counters().skipped == SkipCounters{.busy = 3, .late = 1});
}

TEST_CASE("three notifications of copied sends in a row turn a sender to copy for the interval") {
    SenderBench bench;
    bench.send_zero_copy(true);
    bench.send_zero_copy(true);
    CHECK(bench.path() == SendPath::zero_copy);
    bench.send_zero_copy(true);
    CHECK(bench.path() == SendPath::copy);
    bench.send_part();
    static_cast<void>(bench.send_whole(Call::send));

    bench.engine.monotonic += bench.settings.zero_copy_probe_interval;
    bench.send_part();
    CHECK(bench.engine.count(Call::send_zero_copy) == 1);
}

TEST_CASE("a refused zero-copy send is repeated by copy") {
    const int error = GENERATE(ENOBUFS, ENOMEM, EOPNOTSUPP);
    SenderBench bench;
    bench.send_part();
    const Operation refused = bench.engine.take(Call::send_zero_copy);
    CHECK(bench.complete(completion_of(refused.token, -error)) == SendOutcome::pending);
    CHECK_FALSE(bench.settled);

    const Operation repeated = bench.engine.newest(Call::send);
    CHECK(repeated.token == refused.token);
    CHECK(repeated.bytes.data() == refused.bytes.data());
    CHECK(repeated.bytes.size() == refused.bytes.size());
    static_cast<void>(bench.send_whole(Call::send));
    CHECK(bench.settled);
    CHECK(bench.counters().frames_sent_copy == 1);
    CHECK(bench.counters().frames_sent_zero_copy == 0);

    bench.send_part();
    static_cast<void>(bench.send_whole(Call::send)); // the next one by copy from the beginning
    bench.engine.monotonic += bench.settings.zero_copy_probe_interval;
    bench.send_part();
    CHECK(bench.engine.count(Call::send_zero_copy) == 1);
}

TEST_CASE("a refused send with a notification is released after the copy and the notification") {
    SenderBench bench;
    bench.send_part();
    const Operation refused = bench.engine.take(Call::send_zero_copy);
    CHECK(bench.complete(completion_of(refused.token, -ENOMEM, true)) == SendOutcome::pending);

    SECTION("the notification last") {
        static_cast<void>(bench.send_whole(Call::send));
        CHECK_FALSE(bench.settled);
        static_cast<void>(bench.complete(notification_of(refused.token, true)));
    }
    SECTION("the notification first") {
        static_cast<void>(bench.complete(notification_of(refused.token, true)));
        CHECK_FALSE(bench.settled);
        static_cast<void>(bench.send_whole(Call::send));
    }
    CHECK(bench.settled);
    CHECK(bench.all_slots_free());
}

TEST_CASE("any other error of a send fails the connection") {
    const Call call = GENERATE(Call::send, Call::send_zero_copy);
    const int error = GENERATE(0, ECONNRESET, EPIPE);
    SenderBench bench;
    bench.send_part(call == Call::send);
    const Operation send = bench.engine.take(call);
    CHECK(bench.complete(completion_of(send.token, -error)) == SendOutcome::failed);
    CHECK(bench.settled);
    CHECK(bench.engine.operations.empty());
    CHECK(bench.sender.frames_sent() == 0);
}

TEST_CASE("a send by copy that is refused is not repeated") {
    SenderBench bench;
    bench.send_part(true);
    const Operation send = bench.engine.take(Call::send);
    CHECK(bench.complete(completion_of(send.token, -ENOMEM)) == SendOutcome::failed);
    CHECK(bench.engine.operations.empty());
}

TEST_CASE("a partial result on TCP fails the connection") {
    SenderBench bench;
    bench.send_part();
    const Operation send = bench.engine.take(Call::send_zero_copy);
    CHECK(bench.complete(completion_of(send.token, size_of(send.bytes) - 1, true)) ==
          SendOutcome::failed);
    CHECK_FALSE(bench.settled); // its notification is due
    CHECK(bench.engine.operations.empty());
    CHECK(bench.sender.frames_sent() == 0);
}

TEST_CASE("after a partial result on a UNIX socket the rest is sent") {
    SenderBench bench(unix_endpoint());
    bench.send_part();
    const Operation whole = bench.engine.take(Call::send);
    CHECK_FALSE(whole.options.wait_all);
    CHECK(bench.complete(completion_of(whole.token, 10)) == SendOutcome::pending);
    CHECK_FALSE(bench.settled);
    CHECK(bench.counters().bytes_sent == 10);

    bench.engine.monotonic += second;
    const Operation rest = bench.engine.take(Call::send);
    CHECK(rest.token == whole.token);
    CHECK(rest.bytes.data() == whole.bytes.data() + 10);
    CHECK(rest.bytes.size() == whole.bytes.size() - 10);
    CHECK(bench.complete(completion_of(rest.token, size_of(rest.bytes))) ==
          SendOutcome::frame_sent);
    CHECK(bench.settled);
    CHECK(bench.sender.frames_sent() == 1);
    CHECK(bench.counters().bytes_sent == whole.bytes.size());
    CHECK(bench.sender.delivery().last_progress() == bench.engine.now());
    CHECK(bench.sender.delivery().delivered_captured_at() == bench.captured_at(1));
}

TEST_CASE("while the connection is aborted results and notifications mean nothing") {
    SenderBench bench;
    std::array<Operation, 3> sends;
    for (Operation& send : sends) {
        bench.send_part();
        send = bench.engine.take(Call::send_zero_copy);
    }
    const std::array results{-ECANCELED, -ENOMEM, size_of(sends[2].bytes)};
    bench.engine.monotonic += second;
    for (std::size_t i = 0; i < sends.size(); ++i) {
        CHECK(bench.complete(completion_of(sends[i].token, results[i], true), true) ==
              SendOutcome::pending);
        CHECK_FALSE(bench.settled);
    }
    for (const Operation& send : sends) {
        CHECK(bench.complete(notification_of(send.token, true), true) == SendOutcome::pending);
        CHECK(bench.settled);
    }
    CHECK(bench.engine.operations.empty());
    CHECK(bench.sender.frames_sent() == 0);
    CHECK(bench.counters().bytes_sent == 0);
    CHECK(bench.path() == SendPath::zero_copy);
    CHECK(bench.sender.delivery().delivered_captured_at() == never);
    CHECK(bench.sender.delivery().last_progress() == bench.engine.now() - second);
    CHECK(bench.all_slots_free());
}

TEST_CASE("the notification of a part says that the peer has its frame") {
    SenderBench bench;
    bench.send_part();
    const Operation send = bench.send_whole(Call::send_zero_copy, true);
    CHECK(bench.sender.delivery().delivered_captured_at() == never);
    bench.engine.monotonic += second;
    static_cast<void>(bench.complete(notification_of(send.token)));
    CHECK(bench.sender.delivery().delivered_captured_at() == bench.captured_at(1));
    CHECK(bench.sender.delivery().last_progress() == bench.engine.now());
}

TEST_CASE("a peer that owes nothing begins to owe with its next send") {
    SenderBench bench;
    bench.engine.monotonic += second;
    bench.send_part();
    const Instant first = bench.engine.now();
    CHECK(bench.sender.delivery().last_progress() == first);
    static_cast<void>(bench.engine.take(Call::send_zero_copy));

    bench.engine.monotonic += second;
    bench.send_part(); // with the first one still under way
    CHECK(bench.sender.delivery().last_progress() == first);
}

TEST_CASE("the kernel is asked about the peer's own socket") {
    SenderBench bench;
    bench.send_part();
    const Operation send = bench.send_whole(Call::send_zero_copy, true);
    bench.engine.progress = {.known = true, .bytes_acked = send.bytes.size()};
    bench.sender.sample_delivery(bench.context, bench.endpoint);
    CHECK(bench.engine.progress_socket == bench.endpoint.socket);
    CHECK(bench.sender.delivery().sampled_at() == bench.engine.now());
    CHECK(bench.sender.delivery().delivered_captured_at() == bench.captured_at(1));
}

TEST_CASE("the body of a snapshot is held until it is sent, and is the JPEG alone") {
    SenderBench bench;
    const SendId body = bench.sender.hold_body(bench.context, bench.endpoint, bench.make_frame(),
                                               connection::test::stream);
    CHECK(bench.engine.operations.empty());
    CHECK(bench.sender.pinned() == 1);
    CHECK_FALSE(bench.stream_sends().in_flight.empty()); // so that it can be evicted

    SECTION("sent") {
        bench.sender.send_body(bench.context, bench.endpoint, body);
        const Operation send = bench.engine.take(Call::send_zero_copy);
        CHECK(as_text(send.bytes) == bench.jpeg);
        CHECK(bench.complete(completion_of(send.token, size_of(send.bytes), true)) ==
              SendOutcome::snapshot_sent);
        CHECK_FALSE(bench.settled);
        static_cast<void>(bench.complete(notification_of(send.token)));
        CHECK(bench.counters().bytes_sent == bench.jpeg.size());
    }
    SECTION("dropped") {
        bench.sender.drop_body(bench.context, body);
        CHECK(bench.engine.operations.empty());
    }
    CHECK(bench.sender.pinned() == 0);
    CHECK(bench.stream_sends().in_flight.empty());
    CHECK(bench.all_slots_free());
    // A snapshot is no frame of the stream.
    CHECK(bench.sender.frames_sent() == 0);
    CHECK(bench.counters().frames_sent_zero_copy == 0);
    CHECK(bench.sender.delivery().delivered_captured_at() == never);
}
