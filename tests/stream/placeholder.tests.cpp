#include "stream/placeholder.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using stream::Placeholder;

namespace {

constexpr io::StreamId id{3, 7};
constexpr Instant now{1000s};
constexpr std::size_t bytes_max = 1000;

/// Notes the requests. Its picture is what the test sets.
class FakePainter final : public source::PlaceholderPainter {
public:
    struct Request {
        io::StreamId stream;
        std::string name;
        std::string reason;
        std::uint16_t width = 0;
        std::uint16_t height = 0;
        friend bool operator==(const Request&, const Request&) = default;
    };

    void request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                 std::uint16_t width, std::uint16_t height) noexcept override {
        painted.clear();
        requests.push_back({stream, std::string(stream_name), std::string(reason), width, height});
    }
    void on_completion(const io::Completion&) noexcept override {}
    [[nodiscard]] ConstByteSpan picture(io::StreamId stream) const noexcept override {
        return stream == id ? as_bytes(painted) : ConstByteSpan{};
    }
    void stop() noexcept override {}
    [[nodiscard]] bool stopped() const noexcept override { return true; }

    std::vector<Request> requests;
    std::string painted;
};

/// A placeholder whose picture is requested and painted.
struct Painted {
    Painted() {
        placeholder.request("door", "the camera is unplugged", 320, 200);
        painter.painted = test::jpeg(100);
        placeholder.on_painted("door", "the camera is unplugged", bytes_max, now);
    }

    FakePainter painter;
    Placeholder placeholder{&painter, id};
};

} // namespace

TEST_CASE("a stream that never had a frame gets a picture of the default size") {
    FakePainter painter;
    Placeholder placeholder(&painter, id);
    CHECK(placeholder.due() == never);
    placeholder.request("door", "no picture has come yet", 0, 0);
    CHECK(painter.requests ==
          std::vector<FakePainter::Request>{{id, "door", "no picture has come yet", 640, 360}});
}

TEST_CASE("a picture is as large as the stream's last frame") {
    FakePainter painter;
    Placeholder placeholder(&painter, id);
    placeholder.request("door", "the command ended", 1920, 1080);
    CHECK(painter.requests ==
          std::vector<FakePainter::Request>{{id, "door", "the command ended", 1920, 1080}});
}

TEST_CASE("a picture is due once it is painted, and not before") {
    FakePainter painter;
    Placeholder placeholder(&painter, id);
    placeholder.request("door", "the command ended", 320, 200);
    CHECK(placeholder.due() == never);
    placeholder.on_painted("door", "the command ended", bytes_max, now); // that was another's
    CHECK(placeholder.due() == never);
    painter.painted = test::jpeg(100);
    placeholder.on_painted("door", "the command ended", bytes_max, now);
    CHECK(placeholder.due() == now);
    CHECK(painter.requests.size() == 1);
}

TEST_CASE("while a new picture is being painted the old one is not due") {
    Painted lost;
    lost.placeholder.request("door", "another reason", 320, 200);
    CHECK(lost.placeholder.due() == never);
    CHECK(lost.painter.requests.back().reason == "another reason");
}

TEST_CASE(
    "a picture that is larger than a slot is asked for again at half the size until it fits") {
    FakePainter painter;
    Placeholder placeholder(&painter, id);
    placeholder.request("door", "the command ended", 1600, 1000);
    painter.painted = std::string(bytes_max + 1, 'p');
    placeholder.on_painted("door", "the command ended", bytes_max, now);
    CHECK(placeholder.due() == never);
    painter.painted = std::string(bytes_max + 1, 'p');
    placeholder.on_painted("door", "the command ended", bytes_max, now);
    CHECK(placeholder.due() == never);
    painter.painted = std::string(bytes_max, 'p');
    placeholder.on_painted("door", "the command ended", bytes_max, now);
    CHECK(placeholder.due() == now);
    CHECK(painter.requests ==
          std::vector<FakePainter::Request>{{id, "door", "the command ended", 1600, 1000},
                                            {id, "door", "the command ended", 800, 500},
                                            {id, "door", "the command ended", 400, 250}});
}

TEST_CASE("a picture that fits at no size is neither asked for for ever nor copied") {
    FakePainter painter;
    Placeholder placeholder(&painter, id);
    placeholder.request("door", "the command ended", 640, 2);
    for (int i = 0; i < 100; ++i) {
        painter.painted = std::string(bytes_max + 1, 'p');
        placeholder.on_painted("door", "the command ended", bytes_max, now);
    }
    CHECK(painter.requests.size() == 10); // 640 to 1
    CHECK(painter.requests.back().width == 1);
    CHECK(painter.requests.back().height == 1);
    test::FakeSink sink(bytes_max);
    CHECK_FALSE(placeholder.copy_into(sink.arena(), now, 1s).valid());
    CHECK(sink.arena().free_count() == 4);
    CHECK(placeholder.due() == now + 1s);
}

TEST_CASE("a picture is copied into a slot, and due again a period later") {
    Painted lost;
    test::FakeSink sink(bytes_max);
    frame::WritableSlot slot = lost.placeholder.copy_into(sink.arena(), now + 5ms, 1s);
    REQUIRE(slot.valid());
    CHECK(lost.placeholder.due() == now + 1005ms);
    const WallTime wall{1'700'000'000s};
    const frame::FrameInfo info = lost.placeholder.info(slot, now + 5ms, wall);
    CHECK(info.placeholder);
    CHECK(info.width == 320);
    CHECK(info.height == 200);
    CHECK(info.captured == wall);
    CHECK(info.captured_at == now + 5ms);
    sink.publish(std::move(slot), info);
    CHECK(sink.frames == std::vector<std::string>{lost.painter.painted});
}

TEST_CASE("without a free slot nothing is copied, and the next try is a period later") {
    Painted lost;
    test::FakeSink sink(bytes_max, 1);
    frame::WritableSlot taken = sink.take_slot();
    CHECK_FALSE(lost.placeholder.copy_into(sink.arena(), now, 1s).valid());
    CHECK(lost.placeholder.due() == now + 1s);
    taken.reset();
    CHECK(lost.placeholder.copy_into(sink.arena(), now + 1s, 1s).valid());
}

TEST_CASE("a cancelled picture is not due any more") {
    Painted lost;
    lost.placeholder.cancel();
    CHECK(lost.placeholder.due() == never);
}

TEST_CASE("without a painter no picture is ever due") {
    Placeholder placeholder(nullptr, id);
    placeholder.request("door", "the command ended", 320, 200);
    CHECK(placeholder.due() == never);
}
