#include "input/file_frames.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "frame/frame_arena.hpp"
#include "source/found_frame.hpp"

namespace ringcast::input {

namespace {

constexpr std::size_t read_bytes_max = frame::SlotGeometry::read_ahead;

} // namespace

int FileFrames::open(const std::string& path, Contents contents) noexcept {
    contents_ = contents;
    finished_ = false;
    position_ = 0;
    filled_ = 0;
    // Without O_NONBLOCK the open of a named pipe would wait for its writer.
    file_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file_.valid()) {
        return errno;
    }
    struct stat status{};
    if (fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        file_.reset();
        return EINVAL;
    }
    return 0;
}

void FileFrames::begin_frame(ByteSpan payload, jpeg::PictureLimit picture_max) noexcept {
    RINGCAST_ASSERT(payload.size() > read_bytes_max);
    // Bytes behind the last frame are read again, from the page cache: simpler than moving them.
    filled_ = 0;
    scanner_ = jpeg::FrameScanner(payload.size() - read_bytes_max, picture_max);
}

bool FileFrames::step(ByteSpan payload, Found& found) noexcept {
    if (!file_.valid()) {
        found.outcome = Outcome::failed;
        return false;
    }
    if (finished_) {
        found.outcome = Outcome::end;
        return false;
    }
    const std::size_t room = std::min(payload.size() - filled_, read_bytes_max);
    RINGCAST_ASSERT(room > 0);
    const ssize_t count =
        pread(file_.get(), payload.data() + filled_, room, static_cast<off_t>(position_ + filled_));
    if (count < 0) {
        found.outcome = errno == EINTR ? Outcome::end : Outcome::failed;
        return errno == EINTR;
    }
    ++reads_;
    if (count == 0) {
        if (scanner_.in_frame()) {
            add_damaged(jpeg::Damage::end_missing);
        }
        add_skipped();
        position_ += filled_;
        filled_ = 0;
        found.outcome = Outcome::end;
        return false;
    }
    filled_ += static_cast<std::size_t>(count);
    return scan(payload, found);
}

bool FileFrames::scan(ByteSpan payload, Found& found) noexcept {
    const ByteSpan bytes = payload.first(filled_);
    const std::uint64_t faulty_before = faulty_frames();
    const auto frame = source::next_frame(
        scanner_, bytes, [this](const jpeg::Fault& fault) { add_damaged(fault); },
        [this](std::size_t size) {
            ++losses_.oversized;
            losses_.oversized_bytes = size;
        });
    // A picture behind a faulty first one must not be shown in its place either.
    const bool first_faulty = contents_ == Contents::one_picture && faulty_frames() > faulty_before;
    finished_ = first_faulty || (contents_ == Contents::one_picture && frame.has_value());
    if (first_faulty) {
        found.outcome = Outcome::end;
        return false;
    }
    if (frame.has_value()) {
        add_skipped();
        position_ += frame->end();
        found = {Outcome::frame, *frame};
        return false;
    }
    const std::size_t gone = scanner_.discardable();
    filled_ = source::discard_front(scanner_, bytes, gone, payload);
    position_ += gone;
    return true;
}

void FileFrames::add_damaged(const jpeg::Fault& fault) noexcept {
    ++losses_.damaged;
    losses_.fault = fault;
}

void FileFrames::add_skipped() noexcept {
    losses_.bytes_skipped += scanner_.bytes_skipped();
}

} // namespace ringcast::input
