#include "app/stream_recorder.hpp"

#include <algorithm>

namespace ringcast::app {

StreamRecorder::StreamRecorder(std::string_view boundary) {
    parts_.begin(boundary);
}

void StreamRecorder::take(ConstByteSpan bytes, Instant now) {
    record_.bytes += bytes.size();
    while (!bytes.empty() && !record_.framing_lost) {
        if (!content_left_) {
            bytes = bytes.subspan(parts_.read(bytes));
            begin_content();
            continue;
        }
        const auto taken = std::min<std::uint64_t>(*content_left_, bytes.size());
        bytes = bytes.subspan(taken);
        *content_left_ -= taken;
        if (*content_left_ == 0) {
            finish_frame(now);
        }
    }
}

void StreamRecorder::begin_content() {
    using State = upstream::PartReader::State;
    if (parts_.state() == State::reading) {
        return;
    }
    const bool has_length =
        parts_.state() == State::part && parts_.head().content_length.value_or(0) > 0;
    if (has_length) {
        content_left_ = parts_.head().content_length;
    } else {
        record_.framing_lost = true;
    }
}

void StreamRecorder::finish_frame(Instant now) {
    if (record_.frames.size() < frames_max) {
        record_.frames.push_back({parts_.head().timestamp, now});
        record_.placeholders += parts_.head().no_signal ? 1U : 0U;
    }
    content_left_.reset();
    parts_.content_read();
}

} // namespace ringcast::app
