// Whatever an upstream server answers, what is published are whole JPEGs within the limits, every
// slot is returned, and no receive is empty or longer than the body. The frames and the counters
// are the same however the bytes are split into receives.
//
// Input: one byte for the number of piece sizes, the piece sizes (the lowest bit of each says
// whether a slot is available, in one of the runs), and the bytes of the connection.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "http/header_value.hpp"
#include "http/response_head.hpp"
#include "jpeg/inspect.hpp"
#include "support/source_fixture.hpp"
#include "upstream/body_reader.hpp"
#include "upstream/failure_text.hpp"

using namespace ringcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t frame_bytes_max = 1024;
constexpr std::size_t piece_sizes_max = 16;
/// More than the tables that a repair inserts.
constexpr std::size_t repaired_bytes_max = frame_bytes_max + 1024;

struct Outcome {
    std::vector<std::string> frames;
    std::vector<std::string> reasons;
    std::uint64_t damaged = 0;
    std::uint64_t oversized = 0;
    std::uint64_t dropped = 0;
    std::uint64_t without_signal = 0;
    bool complete = false;
    bool single = false;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Sizes of the pieces in which bytes arrive, over and over.
class Pieces {
public:
    explicit Pieces(std::span<const std::uint8_t> sizes) : sizes_(sizes) {}
    std::uint8_t next() { return sizes_.empty() ? UINT8_MAX : sizes_[at_++ % sizes_.size()]; }
    [[nodiscard]] bool all_at_once() const { return sizes_.empty(); }

private:
    std::span<const std::uint8_t> sizes_;
    std::size_t at_ = 0;
};

void check_frame(const std::string& frame) {
    RINGCAST_ASSERT(frame.size() <= repaired_bytes_max);
    const auto info = jpeg::inspect(std::as_bytes(std::span(frame)));
    RINGCAST_ASSERT(info.has_value());
    RINGCAST_ASSERT(frame.starts_with("\xFF\xD8"));
}

/// Copies the first bytes of `from` into `into`, as many as this piece has, and removes them.
std::size_t deliver(std::string_view& from, ByteSpan into, std::size_t piece_bytes) {
    const std::size_t count = std::min({from.size(), into.size(), piece_bytes});
    std::memcpy(into.data(), from.data(), count);
    from.remove_prefix(count);
    return count;
}

std::size_t piece_bytes(Pieces& pieces) {
    return pieces.all_at_once() ? SIZE_MAX : std::size_t{1} + pieces.next() / 2U;
}

class Connection {
public:
    explicit Connection(std::span<const std::uint8_t> piece_sizes, bool short_of_slots)
        : pieces_(piece_sizes), short_of_slots_(short_of_slots) {}

    Outcome read(std::string_view bytes) {
        while (head_.state() == http::ParseState::need_more && !bytes.empty()) {
            const ByteSpan space = head_.free_space();
            head_.consume(deliver(bytes, space, piece_bytes(pieces_)));
        }
        if (head_.state() == http::ParseState::complete && head_.head().status == 200 &&
            upstream::may_contain_frames(http::media_type(head_.head().content_type))) {
            read_body(bytes);
        }
        return outcome();
    }

private:
    void read_body(std::string_view bytes) {
        choose_slots();
        reader_.begin(sink_, head_.head(), false);
        reader_.take(head_.rest());
        check();
        while (reader_.reading() && !bytes.empty()) {
            choose_slots();
            const auto receive = reader_.next_receive();
            if (!receive) {
                RINGCAST_ASSERT(sink_.slots_withheld);
                sink_.slots_withheld = false;
                RINGCAST_ASSERT(reader_.next_receive().has_value());
                continue;
            }
            RINGCAST_ASSERT(!receive->into.empty());
            RINGCAST_ASSERT(!receive->all || receive->into.size() <= frame_bytes_max);
            RINGCAST_ASSERT(head_.head().body_end != http::BodyEnd::length ||
                            receive->into.size() <= head_.head().content_length);
            reader_.take_received(deliver(bytes, receive->into, piece_bytes(pieces_)));
            check();
        }
        reader_.finish();
        RINGCAST_ASSERT(!reader_.reading());
        check();
        reader_.release();
        RINGCAST_ASSERT(sink_.slots_with_source() == 0);
    }
    void choose_slots() { sink_.slots_withheld = short_of_slots_ && (pieces_.next() & 1U) != 0; }
    void check() const {
        RINGCAST_ASSERT(sink_.slots_with_source() <= 1);
        RINGCAST_ASSERT(counters_.frames == sink_.frames.size());
        RINGCAST_ASSERT(reader_.frame_bytes() <= frame_bytes_max);
    }
    [[nodiscard]] Outcome outcome() const {
        Outcome result;
        result.frames = sink_.frames;
        for (const std::string& frame : result.frames) {
            check_frame(frame);
        }
        for (const std::string& reason : sink_.reasons) {
            RINGCAST_ASSERT(!reason.empty() && reason.size() <= 256);
        }
        result.reasons = sink_.reasons;
        result.damaged = counters_.frames_damaged;
        result.oversized = counters_.frames_oversized;
        result.dropped = counters_.frames_dropped;
        result.without_signal = reader_.parts_without_signal();
        result.complete = reader_.complete();
        result.single = reader_.single_picture();
        return result;
    }

    Pieces pieces_;
    bool short_of_slots_;
    http::ResponseHeadReader head_;
    test::FakeEngine engine_;
    source::SourceCounters counters_;
    test::FakeSink sink_{frame_bytes_max};
    upstream::BodyReader reader_{engine_, counters_, {"door", "the upstream server"}};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    set_log_level(LogLevel::error);
    std::span<const std::uint8_t> input(data, size);
    if (input.empty()) {
        return 0;
    }
    const std::size_t size_count = 1 + input[0] % piece_sizes_max;
    input = input.subspan(1);
    if (input.size() <= size_count) {
        return 0;
    }
    const std::span<const std::uint8_t> piece_sizes = input.first(size_count);
    input = input.subspan(size_count);
    const std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());

    const Outcome whole = Connection({}, false).read(bytes);
    RINGCAST_ASSERT(whole.dropped == 0);
    RINGCAST_ASSERT(Connection(piece_sizes, false).read(bytes) == whole);
    static_cast<void>(Connection(piece_sizes, true).read(bytes));
    return 0;
}
