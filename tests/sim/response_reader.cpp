#include "sim/response_reader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace ringcast::sim {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t head_bytes_max = 4096;
constexpr std::size_t part_line_bytes_max = 127; // GStreamer and others read no longer ones

/// The value of a header; none when it is missing.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
    std::size_t at = head.find(line_end);
    while (at != std::string_view::npos) {
        at += line_end.size();
        const std::string_view line = head.substr(at, head.find(line_end, at) - at);
        if (line.size() > name.size() + 2 && line.substr(0, name.size()) == name &&
            line.substr(name.size(), 2) == ": ") {
            return line.substr(name.size() + 2);
        }
        at = head.find(line_end, at);
    }
    return std::nullopt;
}

std::optional<std::size_t> number(std::string_view text) {
    std::size_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string timestamp_text(WallTime captured) {
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(captured.time_since_epoch()).count();
    return fmt::format("{}.{:06}", microseconds / 1'000'000, microseconds % 1'000'000);
}

} // namespace

bool ResponseReader::wrong(std::string what) {
    if (error_.empty()) {
        error_ = std::move(what);
    }
    return false;
}

void ResponseReader::drop(std::size_t count) {
    begin_ += count;
    if (begin_ > buffer_.size() / 2) {
        buffer_.erase(0, begin_);
        begin_ = 0;
    }
}

void ResponseReader::consume(ConstByteSpan bytes, Instant now) {
    buffer_ += as_text(bytes);
    while (error_.empty() && step(now)) {
    }
}

bool ResponseReader::step(Instant now) {
    switch (place_) {
    case Place::head:
        return read_head(now);
    case Place::body:
        return read_body();
    case Place::event:
        return read_event();
    case Place::delimiter:
        return read_delimiter();
    case Place::part_head:
        return read_part_head();
    case Place::part_body:
        return read_part_body(now);
    case Place::part_until:
        return read_part_until(now);
    }
    return false;
}

bool ResponseReader::may_end_here() const noexcept {
    if (!error_.empty()) {
        return false;
    }
    if (place_ == Place::head || place_ == Place::event) {
        return pause().empty();
    }
    // A stream may end between two parts: behind a delimiter, and in the advance variant behind the
    // headers that it was sent with.
    return pause().empty() && (place_ == Place::part_head || place_ == Place::part_until);
}

std::string ResponseReader::whereabouts() const {
    return fmt::format("place {}, {} bytes unread, response {} with status {}",
                       static_cast<int>(place_), pause().size(), responses_, last_status_);
}

bool ResponseReader::read_head(Instant now) {
    const std::size_t end = pause().find(head_end);
    if (end == std::string_view::npos) {
        return pause().size() > head_bytes_max && wrong("a response head without an end");
    }
    if (expected_.empty()) {
        return wrong("a response that nobody asked for");
    }
    if (closing_) {
        return wrong("a response behind one that ended the connection");
    }
    constexpr std::string_view interim = "HTTP/1.1 100 Continue";
    if (expected_.front().may_continue && pause().substr(0, end) == interim) {
        expected_.front().may_continue = false;
        drop(end + head_end.size());
        return true;
    }
    current_ = expected_.front();
    expected_.pop_front();
    const std::string head(pause().substr(0, end + line_end.size()));
    drop(end + head_end.size());
    begin_response(head, now);
    return error_.empty();
}

void ResponseReader::begin_response(std::string_view head, Instant now) {
    constexpr std::string_view version = "HTTP/1.1 ";
    constexpr std::size_t status_digits = 3;
    const auto status = number(head.substr(std::min(version.size(), head.size()), status_digits));
    if (head.substr(0, version.size()) != version || !status) {
        (void)wrong(fmt::format("not a response: '{}'", head.substr(0, 40)));
        return;
    }
    last_status_ = static_cast<int>(*status);
    ++responses_;
    closing_ = header(head, "Connection") == "close";
    last_via_ = header(head, "X-Ringcast-Via").value_or("");
    const auto type = header(head, "Content-Type").value_or("");
    const auto length = header(head, "Content-Length");
    constexpr std::string_view multipart = "multipart/x-mixed-replace; boundary=";
    constexpr int ok = 200;
    const bool is_stream = type.substr(0, multipart.size()) == multipart;
    const bool wants_stream =
        current_.kind == AnswerKind::stream_standard || current_.kind == AnswerKind::stream_advance;
    if (is_stream != (wants_stream && last_status_ == ok)) {
        (void)wrong(
            fmt::format("status {} with type '{}' is no answer to that", last_status_, type));
        return;
    }
    const bool is_events = type == "text/event-stream";
    if (is_events != (current_.kind == AnswerKind::events && last_status_ == ok)) {
        (void)wrong(fmt::format("status {} with type '{}' where events were asked for, or not",
                                last_status_, type));
        return;
    }
    if (current_.kind == AnswerKind::refusal && last_status_ < 400) {
        (void)wrong("garbage was taken for a request");
        return;
    }
    if (is_stream || is_events) {
        if (!closing_ || length || header(head, "Transfer-Encoding") ||
            header(head, "X-Accel-Buffering") != "no") {
            (void)wrong("a stream's head without what proxies need");
        }
        if (is_events) {
            last_event_ = current_.after_event;
            place_ = current_.head_only ? Place::head : Place::event;
            return;
        }
        boundary_ = "--" + std::string(type.substr(multipart.size()));
        streaming_since_ = now;
        last_picture_at_ = now;
        place_ = current_.head_only ? Place::head : Place::delimiter;
        return;
    }
    constexpr int no_content = 204;
    if (!length && last_status_ != no_content) {
        (void)wrong("a response without a length");
        return;
    }
    const auto bytes = length ? number(*length) : std::optional<std::size_t>(0);
    if (!bytes) {
        (void)wrong("a length that is no number");
        return;
    }
    note_picture(head);
    body_bytes_ = current_.head_only ? 0 : *bytes;
    last_picture_at_ = now; // for the age of a snapshot, once it is complete
    place_ = Place::body;
}

void ResponseReader::note_picture(std::string_view head) {
    marked_ = header(head, "X-Ringcast-Signal") == "none";
    timestamp_ = header(head, "X-Timestamp").value_or("");
    if (marked_ != header(head, "X-Ringcast-Reason").has_value()) {
        (void)wrong("a 'no signal' picture without a reason, or a live one with a reason");
    }
    if (!timestamp_.empty() && !current_.rendition_may_change &&
        header(head, "X-Ringcast-Rendition").value_or("") != current_.rendition) {
        (void)wrong("a part that says another rendition");
    }
}

bool ResponseReader::read_body() {
    if (pause().size() < body_bytes_) {
        return false;
    }
    constexpr int ok = 200;
    if (current_.kind == AnswerKind::snapshot && last_status_ == ok && !current_.head_only) {
        next_number_ = 0; // snapshots of several streams may share a connection
        check_picture(as_bytes(pause().substr(0, body_bytes_)), marked_, timestamp_,
                      last_picture_at_);
        if (marked_ && !current_.placeholder_wanted) {
            return wrong("a 'no signal' picture that was not asked for");
        }
    }
    last_body_ = pause().substr(0, body_bytes_);
    drop(body_bytes_);
    place_ = Place::head;
    return error_.empty();
}

bool ResponseReader::read_event() {
    constexpr std::string_view event_end = "\n\n";
    constexpr std::string_view id_begin = "id: ";
    constexpr std::string_view data_begin = "\ndata: {";
    const std::size_t end = pause().find(event_end);
    if (end == std::string_view::npos) {
        return pause().size() > head_bytes_max && wrong("an event without an end");
    }
    const std::string text(pause().substr(0, end));
    drop(end + event_end.size());
    if (text == ":") {
        ++heartbeats_;
        return true;
    }
    const std::size_t data = text.find(data_begin);
    const std::size_t joint = text.find('-');
    if (!text.starts_with(id_begin) || !text.ends_with('}') || data == std::string::npos ||
        joint > data || text.find('\n', data + 1) != std::string::npos) {
        return wrong("not an event: " + text);
    }
    const auto event = number(std::string_view(text).substr(joint + 1, data - joint - 1));
    if (!event || *event <= last_event_) {
        return wrong("an event that is not newer than the one before");
    }
    last_event_ = *event;
    last_event_id_ = text.substr(id_begin.size(), data - id_begin.size());
    events_.push_back(text.substr(data + data_begin.size() - 1));
    return true;
}

bool ResponseReader::read_delimiter() {
    const std::size_t length = boundary_.size() + line_end.size();
    if (pause().size() < length) {
        return false;
    }
    if (pause().substr(0, boundary_.size()) != boundary_ ||
        pause().substr(boundary_.size(), line_end.size()) != line_end) {
        return wrong("no delimiter where a part must begin");
    }
    drop(length);
    place_ = Place::part_head;
    return true;
}

bool ResponseReader::read_part_head() {
    const std::size_t end = pause().find(head_end);
    if (end == std::string_view::npos) {
        return pause().size() > head_bytes_max && wrong("a part's head without an end");
    }
    // The reader of headers skips the first line, because a response head begins with a status
    // line.
    const std::string head = "\r\n" + std::string(pause().substr(0, end + line_end.size()));
    for (std::size_t at = line_end.size(); at < head.size();) {
        const std::size_t line = head.find(line_end, at) - at;
        if (line > part_line_bytes_max) {
            return wrong("a part header that is too long for some readers");
        }
        at += line + line_end.size();
    }
    if (header(head, "Content-Type") != "image/jpeg") {
        return wrong("a part that is no picture");
    }
    const auto length = header(head, "Content-Length");
    drop(end + head_end.size());
    note_picture(head);
    if (current_.kind == AnswerKind::stream_advance) {
        place_ = Place::part_until;
        return !length || wrong("a length that was sent before the picture existed");
    }
    const auto bytes = length ? number(*length) : std::nullopt;
    if (!bytes) {
        return wrong("a standard part without a length");
    }
    body_bytes_ = *bytes;
    place_ = Place::part_body;
    return true;
}

bool ResponseReader::read_part_body(Instant now) {
    const std::size_t length = body_bytes_ + line_end.size();
    if (pause().size() < length) {
        return false;
    }
    check_picture(as_bytes(pause().substr(0, body_bytes_)), marked_, timestamp_, now);
    if (pause().substr(body_bytes_, line_end.size()) != line_end) {
        return wrong("a part that is longer than it says");
    }
    drop(length);
    place_ = Place::delimiter;
    return error_.empty();
}

bool ResponseReader::read_part_until(Instant now) {
    const std::string delimiter = "\r\n" + boundary_ + "\r\n";
    const std::size_t end = pause().find(delimiter);
    if (end == std::string_view::npos) {
        return false;
    }
    check_picture(as_bytes(pause().substr(0, end)), false, {}, now);
    drop(end + delimiter.size());
    place_ = Place::part_head;
    return error_.empty();
}

void ResponseReader::check_picture(ConstByteSpan jpeg, bool marked, std::string_view timestamp,
                                   Instant now) {
    const auto picture = log_.find(jpeg);
    if (!picture) {
        (void)wrong(fmt::format("a picture of {} bytes that no source has made", jpeg.size()));
        return;
    }
    if (!log_.continues(current_.stream, picture->stream)) {
        (void)wrong("a picture of another stream");
    }
    if (picture->captured_at > pictures_until_) {
        (void)wrong("a picture for somebody who may not watch");
    }
    const bool says_more = current_.kind != AnswerKind::stream_advance;
    if (says_more && picture->placeholder != marked) {
        (void)wrong("a 'no signal' picture that is not marked as one, or a live one that is");
    }
    last_picture_at_ = now;
    if (picture->placeholder) {
        ++placeholders_;
        return;
    }
    if (!current_.rendition_may_change && picture->rendition == current_.rendition.empty()) {
        (void)wrong("a picture of another rendition");
    }
    if (says_more && !picture->from_afar && timestamp != timestamp_text(picture->captured)) {
        (void)wrong(fmt::format("X-Timestamp {} instead of {}", timestamp,
                                timestamp_text(picture->captured)));
    }
    if (picture->order < next_number_) {
        (void)wrong("a frame that is not newer than the one before");
    }
    // The latest picture is sent shortly before the time for a newer one is over.
    constexpr Duration early_max = std::chrono::milliseconds(50);
    if (current_.kind == AnswerKind::snapshot && !picture->from_afar &&
        picture->captured_at < current_.asked_at - current_.age_max &&
        now < current_.asked_at + *current_.patience - early_max) {
        (void)wrong("a snapshot that is older than its request");
    }
    next_number_ = picture->order + 1;
    last_picture_age_ = now - picture->captured_at;
    ++frames_;
}

} // namespace ringcast::sim
