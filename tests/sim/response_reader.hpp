#pragma once
// Parses and checks the server's responses as a strict client: response heads, bodies with a
// length, and multipart streams in both variants, byte for byte. Follows the wire format alone and
// shares no code with the server.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "io/token.hpp"
#include "sim/frame_log.hpp"

namespace ringcast::sim {

enum class AnswerKind : std::uint8_t {
    stream_standard,
    stream_advance,
    snapshot,
    events,  ///< until one side ends it
    page,    ///< status, metrics, health: 200 or 503, with a length
    refusal, ///< for an invalid request: an error with a length, then the end of the connection
};

/// The response that a request must get.
struct Expectation {
    AnswerKind kind = AnswerKind::page;
    io::StreamId stream{0, 1};         ///< the first of the world
    std::string rendition;             ///< whose pictures they are; empty: the stream's own
    bool rendition_may_change = false; ///< ... and those of others
    bool head_only = false;
    Duration age_max{}; ///< maximum age of a snapshot's picture, if the request has one
    /// Time after which a snapshot's picture may be older; empty: the server's default, which the
    /// simulation fills in.
    std::optional<Duration> patience;
    Instant asked_at{};
    bool placeholder_wanted = false;
    std::uint64_t after_event = 0; ///< an event must have a higher number
    bool may_continue = false;     ///< 100 (Continue) may come first
};

class ResponseReader {
public:
    explicit ResponseReader(const FrameLog& log) : log_(log) {}

    void expect(const Expectation& expectation) { expected_.push_back(expectation); }
    void consume(ConstByteSpan bytes, Instant now);
    /// From now on, a picture that was captured later than `until` is an error.
    void allow_pictures_until(Instant until) noexcept { pictures_until_ = until; }
    /// True if the server may end the connection in order at this point.
    [[nodiscard]] bool may_end_here() const noexcept;
    /// The position in the response, for messages.
    [[nodiscard]] std::string whereabouts() const;

    /// The error in the response; empty when there is none.
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    [[nodiscard]] std::uint64_t responses() const noexcept { return responses_; }
    [[nodiscard]] int last_status() const noexcept { return last_status_; }
    /// Body of the last response with a length.
    [[nodiscard]] const std::string& last_body() const noexcept { return last_body_; }
    /// The data of the events, in their order.
    [[nodiscard]] const std::vector<std::string>& events() const noexcept { return events_; }
    [[nodiscard]] std::uint64_t last_event() const noexcept { return last_event_; }
    [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }
    [[nodiscard]] std::uint64_t heartbeats() const noexcept { return heartbeats_; }
    /// X-Ringcast-Via of the last response; empty if it had none.
    [[nodiscard]] const std::string& last_via() const noexcept { return last_via_; }
    /// True if the response head announces the end of the connection.
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
        event,
        // multipart
        delimiter,
        part_head,
        part_body,  ///< of a known length
        part_until, ///< until the next delimiter
    };

    [[nodiscard]] bool step(Instant now);
    [[nodiscard]] bool read_head(Instant now);
    [[nodiscard]] bool read_body();
    [[nodiscard]] bool read_event();
    [[nodiscard]] bool read_delimiter();
    [[nodiscard]] bool read_part_head();
    [[nodiscard]] bool read_part_body(Instant now);
    [[nodiscard]] bool read_part_until(Instant now);
    void begin_response(std::string_view head, Instant now);
    /// Reads what a part's head and a snapshot's say about the picture.
    void note_picture(std::string_view head);
    void check_picture(ConstByteSpan jpeg, bool marked, std::string_view timestamp, Instant now);
    void drop(std::size_t count);
    [[nodiscard]] std::string_view pause() const noexcept {
        return std::string_view(buffer_).substr(begin_);
    }
    bool wrong(std::string what);

    const FrameLog& log_;
    std::deque<Expectation> expected_;
    std::string buffer_;
    std::size_t begin_ = 0; ///< first byte that is not consumed
    Place place_ = Place::head;
    Expectation current_;
    std::string boundary_;
    std::string timestamp_;
    std::size_t body_bytes_ = 0;
    bool marked_ = false; ///< as a "no signal" picture
    bool closing_ = false;
    std::string last_body_;
    std::vector<std::string> events_;
    std::string last_event_id_;
    std::uint64_t last_event_ = 0; ///< its number
    std::uint64_t heartbeats_ = 0;
    std::string last_via_;
    int last_status_ = 0;
    std::uint64_t responses_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t placeholders_ = 0;
    std::uint64_t next_number_ = 0; ///< the next live frame's number is not lower
    Instant streaming_since_{};
    Instant last_picture_at_{};
    Duration last_picture_age_{};
    Instant pictures_until_ = never;
    std::string error_;
};

} // namespace ringcast::sim
