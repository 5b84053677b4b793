#pragma once
// Reads the body of an upstream server's answer: undoes its framing (chunks, multipart) and brings
// the frames into slots. Where the server announces a frame's length, the frame is received straight
// into its slot. No I/O: it says where the next bytes have to be received to.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/chunk_decoder.hpp"
#include "http/response_head.hpp"
#include "io/engine.hpp"
#include "source/frame_assembler.hpp"
#include "source/frame_source.hpp"
#include "upstream/part_reader.hpp"

namespace ringcast::upstream {

class BodyReader {
public:
    /// Of a read when neither the frame's length nor its slot is known.
    static constexpr std::size_t read_bytes_max = 64UL * 1024UL;
    /// Of a read when the head of a part is expected: what it holds of the frame has to be moved.
    static constexpr std::size_t part_head_read_bytes = 512;
    /// Timestamps of another machine are believed if they are at most so old, and not in the
    /// future by more than the clocks of machines differ that are set by NTP.
    static constexpr Duration age_plausible_max = std::chrono::seconds(10);
    static constexpr Duration clock_difference_max = std::chrono::milliseconds(100);

    /// Memory for the next bytes.
    struct Receive {
        ByteSpan into;    ///< not empty
        bool all = false; ///< by io::Engine::receive_all
    };

    /// `engine`, whose clocks are read, `counters` and the texts of `names` outlive the reader.
    BodyReader(const io::Engine& engine, source::SourceCounters& counters,
               source::ProducerNames names);

    /// Begins with the body of an answer of status 200. `head` is not used after the call.
    /// `next_picture`: this continues a series of answers with one picture each, so that what is
    /// wrong is judged over all of them.
    void begin(source::FrameSink& sink, const http::ResponseHead& head, bool next_picture);
    /// Bytes that were received together with the head.
    void take(ConstByteSpan bytes);
    /// Nothing when no slot is free: try again after a while. Precondition: `reading`.
    [[nodiscard]] std::optional<Receive> next_receive() noexcept;
    /// `bytes`, more than 0, were received to where `next_receive` said last.
    void take_received(std::size_t bytes);
    /// The server has closed the connection, or it is given up: an incomplete frame is lost.
    void finish() noexcept;
    /// Gives the slot back; nothing is read until the next `begin`.
    void release() noexcept { frames_.end(); }

    [[nodiscard]] bool reading() const noexcept { return reading_; }
    /// True exactly when the body has ended where its framing says, and not because of `finish`.
    [[nodiscard]] bool complete() const noexcept { return complete_; }
    /// True if the answer was a single picture, so that the next one has to be asked for.
    [[nodiscard]] bool single_picture() const noexcept;
    /// Frames of this body, good ones and others; "no signal" pictures are none.
    [[nodiscard]] std::uint64_t frames_seen() const noexcept;
    /// Bytes of the current frame, as far as known: announced, or received so far; at most as many
    /// as it may have.
    [[nodiscard]] std::uint64_t frame_bytes() const noexcept;
    /// Since when this body has contained nothing but "no signal" pictures of a ringcast; `never`
    /// unless one has arrived since the last frame.
    [[nodiscard]] Instant no_signal_since() const noexcept { return no_signal_since_; }
    [[nodiscard]] std::uint64_t parts_without_signal() const noexcept {
        return parts_without_signal_;
    }
    /// Where the capture time of the last frame was from: "upstream" (its X-Timestamp), "arrival";
    /// empty before the first one.
    [[nodiscard]] std::string_view clock() const noexcept { return clock_; }
    [[nodiscard]] std::string_view received_instead() const noexcept {
        return frames_.received_instead();
    }
    [[nodiscard]] bool has_published() const noexcept { return frames_.has_published(); }
    [[nodiscard]] bool holds_slot() const noexcept { return frames_.has_slot(); }

    /// Reports that frames fail to appear, as FrameAssembler does, unless the server says why.
    [[nodiscard]] Instant deadline() const noexcept {
        return no_signal_since_ == never ? frames_.deadline() : never;
    }
    void report_trouble(Instant now) noexcept {
        if (no_signal_since_ == never) {
            frames_.report_trouble(now);
        }
    }

private:
    enum class Mode : std::uint8_t {
        parts,  ///< multipart with lengths
        single, ///< one picture of known length, or one that says "no signal"
        scan,   ///< the frames are found in the bytes
    };
    /// What happens to the content of a part.
    enum class Content : std::uint8_t {
        none,
        frame,
        skipped,
        scanned, ///< longer than a frame may be: one that is too large, or several frames
    };

    void begin_picture(const PartHead& head, bool picture);
    void take_framed(ConstByteSpan bytes);
    void take_data(ConstByteSpan data);
    [[nodiscard]] std::size_t take_part_head(ConstByteSpan data);
    void begin_part(const PartHead& head);
    void scan_from_now_on();
    void note_no_signal(const PartHead& head);
    void begin_frame(std::uint64_t bytes, const std::optional<WallTime>& timestamp);
    void set_content(Content content, std::uint64_t bytes) noexcept;
    [[nodiscard]] std::size_t take_content(ConstByteSpan data);
    void content_read(std::size_t bytes);
    void scan(ConstByteSpan data);
    void note_scanned(std::uint64_t before);
    void end(bool complete) noexcept;
    [[nodiscard]] std::uint64_t frames_counted() const noexcept;
    /// Frames are found in the next bytes.
    [[nodiscard]] bool scanning() const noexcept {
        return mode_ == Mode::scan || content_ == Content::scanned;
    }
    /// The bytes of the body are the data itself.
    [[nodiscard]] bool plain() const noexcept { return body_end_ != http::BodyEnd::chunked; }

    const io::Engine* engine_;
    source::SourceCounters* counters_;
    source::FrameSink* sink_ = nullptr;
    source::FrameAssembler frames_;
    http::ChunkDecoder chunks_;
    PartReader parts_;
    std::vector<std::byte> scratch_;

    bool reading_ = false;
    bool complete_ = false;
    bool multipart_ = false;
    bool of_ringcast_ = false; ///< by its X-Ringcast-Via
    Mode mode_ = Mode::scan;
    http::BodyEnd body_end_ = http::BodyEnd::close;
    std::uint64_t body_left_ = 0;     ///< with BodyEnd::length
    std::uint64_t frames_before_ = 0; ///< `frames_counted` when the body began

    Content content_ = Content::none;
    std::uint64_t content_left_ = 0;
    std::size_t frame_bytes_ = 0; ///< announced, of the content that is a frame
    Instant captured_at_{};
    WallTime captured_{};
    ByteSpan received_into_; ///< of the last `next_receive`

    Instant no_signal_since_ = never;
    std::uint64_t parts_without_signal_ = 0;
    std::string_view clock_;
};

} // namespace ringcast::upstream
