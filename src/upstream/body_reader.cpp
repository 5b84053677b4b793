#include "upstream/body_reader.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "http/header_value.hpp"

namespace ringcast::upstream {

namespace {

bool plausible(Duration age) noexcept {
    return age <= BodyReader::age_plausible_max && -age <= BodyReader::clock_difference_max;
}

} // namespace

BodyReader::BodyReader(const io::Engine& engine, source::SourceCounters& counters,
                       source::ProducerNames names)
    : engine_(&engine), counters_(&counters), frames_(engine, counters, names),
      scratch_(read_bytes_max) {}

void BodyReader::begin(source::FrameSink& sink, const http::ResponseHead& head, bool next_picture) {
    RINGCAST_ASSERT(!reading_);
    sink_ = &sink;
    if (!next_picture) {
        frames_.begin(sink);
    }
    reading_ = true;
    complete_ = false;
    body_end_ = head.body_end;
    body_left_ = head.content_length;
    if (body_end_ == http::BodyEnd::chunked) {
        chunks_.begin();
    }
    of_ringcast_ = !head.via.empty();
    frames_before_ = frames_counted();
    content_ = Content::none;
    content_left_ = 0;
    no_signal_since_ = never;
    const std::string type = http::media_type(head.content_type);
    multipart_ = type.starts_with("multipart/");
    if (multipart_) {
        mode_ = Mode::parts;
        parts_.begin(http::parameter(head.content_type, "boundary").value_or(""));
    } else {
        begin_picture(picture_head(head), type.starts_with("image/"));
    }
    if (body_end_ == http::BodyEnd::none ||
        (body_end_ == http::BodyEnd::length && body_left_ == 0)) {
        end(true);
    }
}

/// `picture`: the body is one picture, if it has a length.
void BodyReader::begin_picture(const PartHead& head, bool picture) {
    if (head.no_signal) {
        mode_ = Mode::single;
        note_no_signal(head);
        set_content(Content::skipped, head.content_length.value_or(UINT64_MAX));
    } else if (picture && head.content_length) {
        mode_ = Mode::single;
        begin_frame(*head.content_length, head.timestamp);
    } else {
        mode_ = Mode::scan;
    }
}

// --- receiving ---

std::optional<BodyReader::Receive> BodyReader::next_receive() noexcept {
    RINGCAST_ASSERT(reading_);
    Receive receive;
    std::uint64_t limit = body_end_ == http::BodyEnd::length ? body_left_ : std::uint64_t{SIZE_MAX};
    if (content_ == Content::frame && plain()) {
        receive.all = true;
        receive.into = frames_.whole_room(frame_bytes_).last(content_left_);
    } else if (scanning()) {
        if (!frames_.take_slot()) {
            return std::nullopt;
        }
        receive.into = plain() ? frames_.room() : ByteSpan(scratch_);
        if (plain() && content_ == Content::scanned) {
            limit = std::min(limit, content_left_);
        }
    } else if (content_ == Content::skipped && plain()) {
        receive.into =
            ByteSpan(scratch_).first(std::min<std::uint64_t>(read_bytes_max, content_left_));
    } else {
        receive.into = ByteSpan(scratch_).first(plain() ? part_head_read_bytes : read_bytes_max);
    }
    receive.into = receive.into.first(std::min<std::uint64_t>(receive.into.size(), limit));
    received_into_ = receive.into;
    return receive;
}

void BodyReader::take_received(std::size_t bytes) {
    RINGCAST_ASSERT(bytes > 0);
    RINGCAST_ASSERT(bytes <= received_into_.size());
    ++counters_->reads;
    const ByteSpan received = received_into_.first(bytes);
    const bool in_scratch = received.data() == scratch_.data();
    if (in_scratch) {
        take_framed(received);
        return;
    }
    if (content_ == Content::frame) {
        content_read(bytes);
    } else {
        const std::uint64_t before = frames_counted();
        frames_.take(bytes);
        note_scanned(before);
        if (content_ == Content::scanned) {
            content_read(bytes);
        }
    }
    if (body_end_ == http::BodyEnd::length) {
        body_left_ -= bytes;
        if (body_left_ == 0) {
            end(true);
        }
    }
}

void BodyReader::take(ConstByteSpan bytes) {
    if (reading_ && !bytes.empty()) {
        take_framed(bytes);
    }
}

/// Undoes the outer framing.
void BodyReader::take_framed(ConstByteSpan bytes) {
    if (plain()) {
        if (body_end_ == http::BodyEnd::length) {
            bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), body_left_));
            body_left_ -= bytes.size();
        }
        take_data(bytes);
        if (body_end_ == http::BodyEnd::length && body_left_ == 0 && reading_) {
            end(true);
        }
        return;
    }
    while (!bytes.empty() && reading_) {
        const http::ChunkDecoder::Piece piece = chunks_.read(bytes);
        bytes = bytes.subspan(piece.consumed);
        take_data(piece.data);
        if (chunks_.state() != http::ChunkDecoder::State::reading && reading_) {
            end(chunks_.state() == http::ChunkDecoder::State::ended);
        }
    }
}

void BodyReader::take_data(ConstByteSpan data) {
    while (!data.empty() && reading_) {
        if (mode_ == Mode::scan) {
            scan(data);
            return;
        }
        data = data.subspan(content_ == Content::none ? take_part_head(data) : take_content(data));
    }
}

void BodyReader::finish() noexcept {
    if (reading_) {
        end(body_end_ == http::BodyEnd::close && content_ == Content::none);
    }
}

void BodyReader::end(bool complete) noexcept {
    if (scanning() && frames_.has_slot()) {
        frames_.finish();
    }
    reading_ = false;
    complete_ = complete;
    content_ = Content::none;
}

// --- parts ---

/// Reads from the framing between the contents. Returns how many bytes it read.
std::size_t BodyReader::take_part_head(ConstByteSpan data) {
    if (mode_ == Mode::single) {
        return data.size(); // behind the picture
    }
    const std::size_t count = parts_.read(data);
    switch (parts_.state()) {
    case PartReader::State::reading:
        break;
    case PartReader::State::part:
        begin_part(parts_.head());
        break;
    case PartReader::State::ended:
        end(true);
        break;
    case PartReader::State::malformed:
        scan_from_now_on();
        break;
    }
    return count;
}

void BodyReader::begin_part(const PartHead& head) {
    if (!head.content_length) {
        scan_from_now_on();
        return;
    }
    const std::uint64_t bytes = *head.content_length;
    if (head.no_signal) {
        note_no_signal(head);
        set_content(Content::skipped, bytes);
    } else if (!head.picture) {
        frames_.note_skipped(bytes);
        set_content(Content::skipped, bytes);
    } else if (bytes > frames_.frame_bytes_max() && !of_ringcast_) {
        // Some servers announce a length that is no frame's, and send many frames. A ringcast does not,
        // and "no signal" pictures would be among them.
        set_content(Content::scanned, bytes);
    } else {
        begin_frame(bytes, head.timestamp);
    }
    if (content_left_ == 0) {
        content_read(0);
    }
}

/// The framing can't be relied on, so that frames have to be found in the bytes. The framing of a
/// ringcast can: where it is damaged, something else is wrong, and the headers that are skipped here
/// are needed to tell its "no signal" pictures from frames.
void BodyReader::scan_from_now_on() {
    if (of_ringcast_) {
        end(false);
    } else {
        mode_ = Mode::scan;
    }
}

/// A picture that says "no signal" is no frame: it would look live here.
void BodyReader::note_no_signal(const PartHead& head) {
    ++parts_without_signal_;
    if (no_signal_since_ == never) {
        no_signal_since_ = engine_->now();
    }
    sink_->signal_lost(head.reason.empty() ? "the upstream server has no picture" : head.reason);
}

void BodyReader::set_content(Content content, std::uint64_t bytes) noexcept {
    content_ = content;
    content_left_ = bytes;
}

void BodyReader::begin_frame(std::uint64_t bytes, const std::optional<WallTime>& timestamp) {
    if (bytes > frames_.frame_bytes_max()) {
        frames_.note_oversized(static_cast<std::size_t>(bytes));
        set_content(Content::skipped, bytes);
        return;
    }
    if (!frames_.take_slot()) {
        frames_.note_dropped();
        set_content(Content::skipped, bytes);
        return;
    }
    set_content(Content::frame, bytes);
    frame_bytes_ = static_cast<std::size_t>(bytes);
    captured_at_ = engine_->now();
    captured_ = engine_->wall_now();
    const Duration age = timestamp ? captured_ - *timestamp : Duration::max();
    const bool believed = timestamp.has_value() && plausible(age);
    clock_ = believed ? "upstream" : "arrival";
    if (believed && age > Duration::zero()) {
        captured_ = *timestamp;
        captured_at_ -= age;
    }
}

std::size_t BodyReader::take_content(ConstByteSpan data) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), content_left_));
    if (content_ == Content::frame) {
        std::memcpy(frames_.whole_room(frame_bytes_).last(content_left_).data(), data.data(),
                    count);
        counters_->bytes_moved += count;
    } else if (content_ == Content::scanned) {
        scan(data.first(count));
    }
    content_read(count);
    return count;
}

/// `bytes` more of the content have been read.
void BodyReader::content_read(std::size_t bytes) {
    content_left_ -= bytes;
    if (content_left_ > 0) {
        return;
    }
    if (content_ == Content::frame) {
        no_signal_since_ = never;
        frames_.publish_whole(frame_bytes_, captured_at_, captured_);
    } else if (content_ == Content::scanned && frames_.has_slot()) {
        frames_.finish();
        frames_.end();
    }
    report_trouble(engine_->now());
    content_ = Content::none;
    if (mode_ == Mode::parts) {
        parts_.content_read();
    }
}

// --- runs of JPEGs ---

void BodyReader::scan(ConstByteSpan data) {
    if (!frames_.take_slot()) {
        frames_.note_dropped();
        return;
    }
    const std::uint64_t before = frames_counted();
    while (!data.empty()) {
        const ByteSpan room = frames_.room();
        const std::size_t count = std::min(room.size(), data.size());
        std::memcpy(room.data(), data.data(), count);
        counters_->bytes_moved += count;
        frames_.take(count);
        data = data.subspan(count);
    }
    note_scanned(before);
}

/// `before`: `frames_counted` before the bytes.
void BodyReader::note_scanned(std::uint64_t before) {
    if (frames_counted() != before) {
        no_signal_since_ = never;
        clock_ = "arrival";
    }
    report_trouble(engine_->now());
}

// --- what was seen ---

std::uint64_t BodyReader::frames_counted() const noexcept {
    return counters_->frames + counters_->frames_dropped + counters_->frames_damaged +
           counters_->frames_oversized;
}

std::uint64_t BodyReader::frames_seen() const noexcept {
    return frames_counted() - frames_before_;
}

bool BodyReader::single_picture() const noexcept {
    return mode_ == Mode::single || (!multipart_ && frames_seen() == 1);
}

std::uint64_t BodyReader::frame_bytes() const noexcept {
    if (content_ == Content::frame) {
        return frame_bytes_;
    }
    return scanning() && frames_.has_slot()
               ? std::min<std::uint64_t>(frames_.pending_bytes(), frames_.frame_bytes_max())
               : 0;
}

} // namespace ringcast::upstream
