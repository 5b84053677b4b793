// UpstreamSource, from the head of an answer to the end of its body.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/log.hpp"
#include "http/header_value.hpp"
#include "upstream/failure_text.hpp"
#include "upstream/upstream_source.hpp"

namespace ringcast::upstream {

namespace {

constexpr std::size_t type_bytes_max = 64; ///< of the type of an answer, in a reason

} // namespace

void UpstreamSource::begin_body() {
    const http::ResponseHead& head = head_.head();
    const std::string type = http::media_type(head.content_type);
    if (!may_contain_frames(type)) {
        fail(fmt::format("the upstream server sends {} instead of pictures",
                         std::string_view(type).substr(0, type_bytes_max)));
        return;
    }
    state_ = State::reading_body;
    due_at_ = never;
    slot_retry_at_ = never;
    silence_.begin(engine_.now());
    if (!answer_.polled) {
        log_stream(LogLevel::info, stream_name_, "receives from {}{}",
                   http::without_secrets(target_.url()),
                   answer_.server.empty() ? "" : fmt::format(" ({})", answer_.server));
    }
    seen_before_ = body_.parts_without_signal();
    body_.begin(*sink_, head, answer_.polled);
    body_.take(head_.rest());
    note_progress();
    read_body();
}

void UpstreamSource::read_body() {
    if (state_ != State::reading_body) {
        return; // it has just been given up
    }
    if (!body_.reading()) {
        on_body_end();
        return;
    }
    const auto receive = body_.next_receive();
    if (!receive) {
        slot_retry_at_ = engine_.now() + source::FrameAssembler::slot_retry_time;
        silence_.excuse(engine_.now());
        return;
    }
    slot_retry_at_ = never;
    connection_.receive(receive->into, receive->all);
}

void UpstreamSource::on_body_bytes(std::size_t bytes) {
    body_.take_received(bytes);
    note_progress();
    read_body();
}

/// `failed`: not in order.
void UpstreamSource::on_connection_end(bool failed) {
    if (state_ == State::connecting) {
        fail(connection_.failure());
        return;
    }
    if (state_ != State::reading_body) {
        connection_lost(failed ? std::string_view(connection_.failure())
                               : "the upstream server closed the connection without an answer");
        return;
    }
    body_.finish();
    note_progress();
    if (failed && state_ == State::reading_body) {
        fail(connection_.failure());
        return;
    }
    read_body();
}

/// Frames keep the connection alive, and so do "no signal" pictures: the server does its best.
void UpstreamSource::note_progress() {
    const std::uint64_t seen = body_.frames_seen() + body_.parts_without_signal();
    if (std::exchange(seen_before_, seen) != seen) {
        silence_.on_frame(engine_.now());
    }
    const Instant now = engine_.now();
    if (now - body_.no_signal_since() >= no_signal_max && body_.no_signal_since() != never) {
        end_connection(After::connect);
    }
}

void UpstreamSource::on_body_end() {
    const bool pictures = body_.frames_seen() > 0 || body_.no_signal_since() != never;
    if (pictures && body_.single_picture()) {
        wait_for_poll();
    } else if (pictures) {
        // The stream keeps its signal while this takes no longer than a frame may.
        log_stream(LogLevel::info, stream_name_,
                   "the upstream server ended the stream; connecting again");
        const bool too_soon = engine_.now() - connection_.connected_at() < ReconnectDelay::first;
        note_good_run();
        reconnect_at_ = engine_.now() + (too_soon ? delay_.next() : Duration::zero());
        begin_anew();
        end_connection(After::wait);
    } else {
        fail("the upstream server's answer ended without a picture");
    }
}

/// The connection is kept if the server allows it.
void UpstreamSource::wait_for_poll() {
    delay_.reset();
    target_.arrived();
    answer_.polled = true;
    reused_ = true;
    const Instant next = requested_at_ + settings_.poll;
    body_.release();
    if (answer_.keep_alive && body_.complete()) {
        state_ = State::polling;
        due_at_ = next;
    } else {
        reconnect_at_ = next;
        end_connection(After::wait);
    }
}

Instant UpstreamSource::silent_at() const noexcept {
    const auto slow = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
        static_cast<double>(body_.frame_bytes()) / static_cast<double>(bytes_per_second_min)));
    return silence_.deadline() + slow;
}

void UpstreamSource::on_silence(Instant now) {
    body_.report_trouble(now);
    if (now >= slot_retry_at_) {
        read_body();
    } else if (now >= silent_at()) {
        std::string reason = fmt::format("no frame from the upstream server for {} s",
                                         seconds_text(silence_.on_restart()));
        if (const std::string_view instead = body_.received_instead(); !instead.empty()) {
            reason += fmt::format(", only {}", instead);
        }
        fail(reason);
    }
}

} // namespace ringcast::upstream
