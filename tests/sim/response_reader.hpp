#pragma once
// A strict client's view of what the server sends: response heads, bodies with a length, and
// multipart streams in both variants, byte for byte. Written against the wire format alone; shares
// no code with the server.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "io/token.hpp"
#include "sim/frame_log.hpp"

namespace ringcast::sim {

enum class AnswerKind : std::uint8_t {
    stream_standard,
    stream_advance,
    snapshot,
    page,    ///< status, metrics, health: 200 or 503, with a length
    refusal, ///< garbage was sent: an error with a length, then the end
};

/// What a request is to be answered with.
struct Expectation {
    AnswerKind kind = AnswerKind::page;
    io::StreamId stream{0, 1}; ///< the first of the world
    bool head_only = false;
    Duration age_max{}; ///< of a snapshot, when it was asked for
    Instant asked_at{};
    bool placeholder_wanted = false;
};

class ResponseReader {
public:
    explicit ResponseReader(const FrameLog& log) : log_(log) {}

    void expect(const Expectation& expectation) { expected_.push_back(expectation); }
    void consume(ConstByteSpan bytes, Instant now);
    /// The server has ended the connection in order. True when that was the place for it.
    [[nodiscard]] bool may_end_here() const noexcept;
    /// Where it is, for messages.
    [[nodiscard]] std::string whereabouts() const;

    /// The error in the response; empty when there is none.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    [[nodiscard]] std::uint64_t responses() const noexcept { return responses_; }
    [[nodiscard]] int last_status() const noexcept { return last_status_; }
    /// True when the server has said that the connection ends with this response.
    [[nodiscard]] bool closing() const noexcept { return closing_; }
    [[nodiscard]] bool streaming() const noexcept { return place_ >= Place::delimiter; }
    [[nodiscard]] Instant streaming_since() const noexcept { return streaming_since_; }
    [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
    [[nodiscard]] std::uint64_t placeholders() const noexcept { return placeholders_; }
    [[nodiscard]] Instant last_picture_at() const noexcept { return last_picture_at_; }
    [[nodiscard]] Duration last_picture_age() const noexcept { return last_picture_age_; }

private:
    enum class Place : std::uint8_t {
        head,
        body,
        // multipart
        delimiter,
        part_head,
        part_body,  ///< of a known length
        part_until, ///< until the next delimiter
    };

    [[nodiscard]] bool step(Instant now);
    [[nodiscard]] bool read_head(Instant now);
    [[nodiscard]] bool read_body();
    [[nodiscard]] bool read_delimiter();
    [[nodiscard]] bool read_part_head();
    [[nodiscard]] bool read_part_body(Instant now);
    [[nodiscard]] bool read_part_until(Instant now);
    void begin_response(std::string_view head, Instant now);
    void check_picture(ConstByteSpan jpeg, bool marked, std::string_view timestamp, Instant now);
    void drop(std::size_t count);
    [[nodiscard]] std::string_view pause() const noexcept {
        return std::string_view(buffer_).substr(begin_);
    }
    bool wrong(std::string what);

    const FrameLog& log_;
    std::deque<Expectation> expected_;
    std::string buffer_;
    std::size_t begin_ = 0; ///< what lies before is consumed
    Place place_ = Place::head;
    Expectation current_;
    std::string boundary_;
    std::string timestamp_;
    std::size_t body_bytes_ = 0;
    bool marked_ = false; ///< as a "no signal" picture
    bool closing_ = false;
    int last_status_ = 0;
    std::uint64_t responses_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t placeholders_ = 0;
    std::uint64_t next_number_ = 0; ///< live frames rise
    Instant streaming_since_{};
    Instant last_picture_at_{};
    Duration last_picture_age_{};
    std::string error_;
};

} // namespace ringcast::sim
