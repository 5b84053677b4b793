#include "input/byte_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::input {

void ByteStream::begin(source::FrameSink& sink, io::OpToken token, int fd) noexcept {
    RINGCAST_ASSERT(!begun_);
    RINGCAST_ASSERT(fd >= 0);
    token_ = token;
    fd_ = fd;
    begun_ = true;
    cancelled_ = false;
    error_number_ = 0;
    bytes_received_ = 0;
    frames_.begin(sink);
    read_on();
}

// --- reading ---

void ByteStream::read_on() noexcept {
    RINGCAST_ASSERT(!in_flight_);
    if (!frames_.take_slot()) {
        slot_retry_at_ = engine_->now() + source::FrameAssembler::slot_retry_time;
        return;
    }
    slot_retry_at_ = never;
    engine_->read(token_, fd_, frames_.room());
    in_flight_ = true;
}

ByteStream::Outcome ByteStream::on_read(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(in_flight_);
    in_flight_ = false;
    const bool waited = std::exchange(waiting_, false);
    if (cancelled_) {
        finish();
        return Outcome::cancelled;
    }
    if (completion.result == -EINTR || (waited && completion.result > 0)) {
        read_on();
        return Outcome::goes_on;
    }
    if (completion.result == -EAGAIN) {
        // The creator of the pipe has set O_NONBLOCK, so io_uring does not wait for data.
        engine_->poll(token_, fd_, io::PollEvents::readable);
        in_flight_ = true;
        waiting_ = true;
        return Outcome::goes_on;
    }
    if (completion.result <= 0) {
        error_number_ = -completion.result;
        frames_.finish();
        finish();
        return error_number_ == 0 ? Outcome::ended : Outcome::failed;
    }
    ++counters_->reads;
    const auto received = static_cast<std::size_t>(completion.result);
    keep_beginning(frames_.room().first(received));
    frames_.take(received);
    frames_.report_trouble(engine_->now());
    read_on();
    return Outcome::goes_on;
}

void ByteStream::keep_beginning(ConstByteSpan received) noexcept {
    if (bytes_received_ < beginning_.size()) {
        const ByteSpan room = ByteSpan(beginning_).subspan(bytes_received_);
        std::ranges::copy(received.first(std::min(received.size(), room.size())), room.begin());
    }
    bytes_received_ += received.size();
}

std::string_view ByteStream::data_format() const noexcept {
    return input::data_format(
        ConstByteSpan(beginning_)
            .first(std::min<std::uint64_t>(bytes_received_, beginning_.size())));
}

void ByteStream::cancel() noexcept {
    if (!begun_ || cancelled_) {
        return;
    }
    if (!in_flight_) {
        finish();
        return;
    }
    cancelled_ = true;
    engine_->cancel(io::OpToken{}, token_);
}

void ByteStream::finish() noexcept {
    RINGCAST_ASSERT(!in_flight_);
    begun_ = false;
    slot_retry_at_ = never;
    frames_.end();
}

// --- time ---

Instant ByteStream::deadline() const noexcept {
    if (!begun_ || cancelled_) {
        return never;
    }
    return frames_.has_slot() ? frames_.deadline() : slot_retry_at_;
}

void ByteStream::on_deadline(Instant now) noexcept {
    if (!begun_ || cancelled_) {
        return;
    }
    if (frames_.has_slot()) {
        frames_.report_trouble(now);
    } else if (now >= slot_retry_at_) {
        read_on();
    }
}

} // namespace ringcast::input
