#pragma once
// One connection whose operations the test answers, by kind of operation.

#include <string>
#include <string_view>
#include <utility>

#include "connection/bench.hpp"

namespace ringcast::connection::test {

inline constexpr std::string_view request_text = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

class ConnectionBench : public Bench {
public:
    explicit ConnectionBench(const Endpoint& peer = remote_endpoint()) : endpoint(peer) {
        connection.open(context, endpoint);
    }

    /// Passes a completion on as the relay does.
    ConnectionEvent complete(const io::Completion& completion) {
        if (completion.token.kind == io::OpKind::frame_send) {
            const SendId id = send_of(completion.token);
            return connection.on_frame_send(context, id, context.sends.get(id), completion);
        }
        CHECK(completion.token.slot == endpoint.id.index);
        CHECK(completion.token.generation == endpoint.id.generation);
        switch (completion.token.kind) {
        case io::OpKind::receive:
            return connection.on_receive(context, completion.result);
        case io::OpKind::reply:
            return connection.on_reply(context, completion.result);
        case io::OpKind::hangup:
            connection.on_hangup(context, completion.result);
            return ConnectionEvent::none;
        case io::OpKind::abort:
        case io::OpKind::shutdown:
            connection.on_ended(context, completion.result);
            return ConnectionEvent::none;
        case io::OpKind::close:
            return connection.on_close(context);
        case io::OpKind::none:
        case io::OpKind::accept:
        case io::OpKind::frame_send:
        case io::OpKind::source:
        case io::OpKind::painter:
        case io::OpKind::pictures:
        case io::OpKind::password:
        case io::OpKind::control:
            break;
        }
        FAIL("a completion of another kind");
        return ConnectionEvent::none;
    }
    /// Answers the oldest operation of this kind.
    ConnectionEvent answer(Call call, std::int32_t result, bool more = false) {
        return complete(completion_of(engine.take(call).token, result, more));
    }
    /// The oldest send of this kind takes all its bytes.
    ConnectionEvent answer_whole(Call call, bool more = false) {
        const Operation operation = engine.take(call);
        return complete(completion_of(operation.token, size_of(operation.bytes), more));
    }
    /// The peer sends this, and it fits into the receive under way.
    ConnectionEvent receive(std::string_view text) {
        const Operation operation = engine.take(Call::receive);
        REQUIRE(text.size() <= operation.into.size());
        std::memcpy(operation.into.data(), text.data(), text.size());
        return complete(completion_of(operation.token, static_cast<std::int32_t>(text.size())));
    }
    /// Receives a request, and sends a whole reply to it. Returns the event at its end.
    ConnectionEvent serve(bool keep_alive, std::string_view text = request_text) {
        REQUIRE(receive(text) == ConnectionEvent::request);
        connection.reply(context, "reply", keep_alive);
        return answer_whole(Call::send);
    }
    /// Makes the connection an idle viewer of the stream.
    void start_stream() {
        REQUIRE(receive(request_text) == ConnectionEvent::request);
        connection.start_stream(context, "head", {.stream = stream}, false);
        REQUIRE(answer_whole(Call::send) == ConnectionEvent::streaming);
        REQUIRE(connection.state() == ConnectionState::idle);
    }
    /// Sends a new frame and keeps no share of it.
    void send_part() {
        const frame::FrameLease frame = make_frame();
        connection.send_part(context, frame, false);
    }
    /// Sends a new frame whose notification is due; returns its token.
    io::OpToken send_unnotified() {
        send_part();
        const io::OpToken token = engine.newest(Call::send_zero_copy).token;
        REQUIRE(answer_whole(Call::send_zero_copy, true) == ConnectionEvent::frame_sent);
        return token;
    }
    /// The connection waits for nothing but its close.
    void expect_close_only() {
        REQUIRE(connection.state() == ConnectionState::closing);
        REQUIRE(engine.count(Call::close) == 1);
        CHECK(engine.newest(Call::close).socket == endpoint.socket);
        CHECK(engine.operations.size() == 1 + engine.count(Call::cancel));
    }
    /// ... and leaves nothing behind.
    void expect_close() {
        expect_close_only();
        CHECK(answer(Call::close, 0) == ConnectionEvent::closed);
        CHECK(connection.state() == ConnectionState::free);
        CHECK(connection.deadline() == never);
        CHECK(context.counts.handshaking == 0);
        CHECK(context.counts.streaming == 0);
        CHECK(stream_sends().viewers == 0);
        CHECK(stream_sends().in_flight.empty());
        CHECK(sends.size() == 0);
        CHECK(all_slots_free());
    }

    Endpoint endpoint;
    Connection connection;
};

} // namespace ringcast::connection::test
