#pragma once
// The parts that the tests of connections share: frames of one stream, the tables of the relay, and
// an engine that answers when the test says so.

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "connection/connection.hpp"
#include "connection/fake_engine.hpp"

namespace ringcast::connection::test {

inline constexpr io::StreamId stream{1, 9};
inline constexpr io::BufferId buffer{7};

[[nodiscard]] inline Endpoint remote_endpoint() {
    return {.id = {3, 5},
            .socket = 42,
            .peer = {.transport = io::Transport::tcp, .local = false},
            .listener = 0};
}
[[nodiscard]] inline Endpoint unix_endpoint() {
    return {.id = {3, 5},
            .socket = 42,
            .peer = {.transport = io::Transport::unix_socket, .local = true},
            .listener = 0};
}

[[nodiscard]] inline std::int32_t size_of(ConstByteSpan bytes) {
    return static_cast<std::int32_t>(bytes.size());
}

/// The tables of a relay, and frames of its stream.
class Bench {
public:
    explicit Bench(std::optional<io::BufferId> registered = buffer)
        : memory_(geometry_.arena_bytes()),
          arena(memory_, geometry_, http::Boundary(1, 2), registered) {}

    /// The next frame of the stream.
    [[nodiscard]] frame::FrameLease make_frame() {
        frame::WritableSlot slot = arena.take_slot();
        REQUIRE(slot.valid());
        std::memcpy(slot.payload().data(), jpeg.data(), jpeg.size());
        ++sequence;
        const frame::FrameInfo info{.jpeg_offset = slot.payload_offset(),
                                    .jpeg_bytes = jpeg.size(),
                                    .captured_at = captured_at(sequence),
                                    .ordinal = sequence};
        return arena.seal(std::move(slot), info, sequence);
    }
    [[nodiscard]] static Instant captured_at(std::uint64_t sequence) {
        return Instant(std::chrono::seconds(sequence));
    }
    [[nodiscard]] bool all_slots_free() const { return arena.free_count() == slot_count; }
    [[nodiscard]] StreamSends& stream_sends() { return context.sends_of(stream); }
    [[nodiscard]] SendCounters& counters() { return stream_sends().counters; }

    static constexpr std::string_view jpeg = "\xFF\xD8 a picture \xFF\xD9";
    static constexpr std::uint16_t slot_count = 8;

private:
    frame::SlotGeometry geometry_{4096, 1000, slot_count};
    std::vector<std::byte> memory_;
    std::array<StreamSends, 3> streams_;

public:
    frame::FrameArena arena;
    std::uint64_t sequence = 0; ///< of the newest frame
    FakeEngine engine;
    ConnectionSettings settings;
    SendSlab sends{16};
    http::AddressSet trusted_proxies;
    ConnectionContext context{engine,
                              sends,
                              streams_,
                              settings,
                              trusted_proxies,
                              {},
                              RequestPlaces({.connections_max = 1})};
};

/// The completion of an operation with this result.
[[nodiscard]] inline io::Completion completion_of(io::OpToken token, std::int32_t result,
                                                  bool more = false) {
    return {.token = token, .result = result, .more = more};
}
[[nodiscard]] inline io::Completion notification_of(io::OpToken token, bool copied = false) {
    return {.token = token, .notification = true, .copied = copied};
}
[[nodiscard]] inline SendId send_of(io::OpToken token) {
    return {token.slot, token.generation};
}

} // namespace ringcast::connection::test
