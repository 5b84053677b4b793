#include "connection/delivery.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using connection::Delivery;
using io::Transport;

namespace {

constexpr Instant start{std::chrono::seconds(1000)};
constexpr Duration second = std::chrono::seconds(1);

constexpr Instant captured(int frame) {
    return start + frame * std::chrono::milliseconds(33);
}

Delivery begun(Transport transport) {
    Delivery delivery;
    delivery.begin(transport, start);
    return delivery;
}

/// Frames of 100 bytes each, numbered from 0, that are in the socket.
void send_frames(Delivery& delivery, int count) {
    for (int frame = 0; frame < count; ++frame) {
        delivery.note_bytes_sent(100);
        delivery.note_frame_sent(Transport::tcp, captured(frame));
    }
}

} // namespace

TEST_CASE("a TCP peer is neither stuck nor progressing before the kernel was asked") {
    Delivery delivery = begun(Transport::tcp);
    delivery.note_progress(start + second);
    CHECK_FALSE(delivery.stuck(start + 5 * second));
    CHECK_FALSE(delivery.progressing());
}

TEST_CASE("the progress of a UNIX peer is known from the beginning") {
    Delivery delivery = begun(Transport::unix_socket);
    CHECK(delivery.stuck(start));
    CHECK_FALSE(delivery.progressing());
    delivery.note_progress(start + second);
    CHECK(delivery.progressing());
    CHECK_FALSE(delivery.stuck(start));
    CHECK(delivery.stuck(start + second));
}

TEST_CASE("the first answer of the kernel is a baseline and no progress") {
    Delivery delivery = begun(Transport::tcp);
    delivery.note_progress(start);
    delivery.on_sample({.known = true, .bytes_acked = 1000}, start + second);
    CHECK(delivery.last_progress() == start);
    CHECK_FALSE(delivery.progressing());

    SECTION("a further acknowledgement is progress") {
        delivery.on_sample({.known = true, .bytes_acked = 1001}, start + 2 * second);
        CHECK(delivery.progressing());
        CHECK(delivery.last_progress() == start + 2 * second);
        CHECK_FALSE(delivery.stuck(start + second));
    }
    SECTION("the same answer again is none") {
        delivery.on_sample({.known = true, .bytes_acked = 1000}, start + 2 * second);
        CHECK_FALSE(delivery.progressing());
        CHECK(delivery.last_progress() == start);
        CHECK(delivery.stuck(start + second));
    }
}

TEST_CASE("a peer is stuck only if it has been observed for all that time") {
    Delivery delivery = begun(Transport::tcp);
    delivery.on_sample({.known = true, .bytes_acked = 1000}, start + 3 * second);
    CHECK_FALSE(delivery.stuck(start + 2 * second));
    CHECK(delivery.stuck(start + 3 * second));
}

TEST_CASE("an answer that the kernel does not know is no observation") {
    Delivery delivery = begun(Transport::tcp);
    delivery.on_sample({}, start + second);
    CHECK(delivery.sampled_at() == start + second);
    CHECK_FALSE(delivery.stuck(start + 5 * second));
    delivery.on_sample({.known = true, .bytes_acked = 1000}, start + 2 * second);
    CHECK_FALSE(delivery.progressing()); // this one is the baseline
}

TEST_CASE("a TCP peer has a frame when its last byte is acknowledged") {
    Delivery delivery = begun(Transport::tcp);
    delivery.note_bytes_sent(50); // the head of the response
    send_frames(delivery, 3);
    CHECK(delivery.bytes_sent() == 350);
    CHECK(delivery.delivered_captured_at() == never);
    delivery.on_sample({.known = true, .bytes_acked = 149}, start);
    CHECK(delivery.delivered_captured_at() == never);
    delivery.on_sample({.known = true, .bytes_acked = 150}, start);
    CHECK(delivery.delivered_captured_at() == captured(0));
    delivery.on_sample({.known = true, .bytes_acked = 350}, start);
    CHECK(delivery.delivered_captured_at() == captured(2));
}

TEST_CASE("a UNIX peer has a frame as soon as it is in the socket") {
    Delivery delivery = begun(Transport::unix_socket);
    delivery.note_frame_sent(Transport::unix_socket, captured(4));
    CHECK(delivery.delivered_captured_at() == captured(4));
}

TEST_CASE("the newest delivered frame counts in whatever order frames are reported") {
    Delivery delivery = begun(Transport::tcp);
    delivery.note_delivered(captured(2));
    delivery.note_delivered(captured(1));
    CHECK(delivery.delivered_captured_at() == captured(2));
}

TEST_CASE("acknowledgements of the sixteen newest frames are recognised") {
    Delivery delivery = begun(Transport::tcp);
    send_frames(delivery, 40);
    delivery.on_sample({.known = true, .bytes_acked = 2499}, start);
    CHECK(delivery.delivered_captured_at() == never); // up to frame 23: too old to be known
    delivery.on_sample({.known = true, .bytes_acked = 2500}, start);
    CHECK(delivery.delivered_captured_at() == captured(24));
    delivery.on_sample({.known = true, .bytes_acked = 4000}, start);
    CHECK(delivery.delivered_captured_at() == captured(39));
}
