#include "input/file_frames.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "frame/frame_arena.hpp"

namespace ringcast::input {

namespace {

constexpr std::size_t read_bytes_max = frame::SlotGeometry::read_ahead;

} // namespace

int FileFrames::open(const std::string& path) noexcept {
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

void FileFrames::begin_frame(ByteSpan payload) noexcept {
    RINGCAST_ASSERT(payload.size() > read_bytes_max);
    // What was read beyond the last frame is read again, from the page cache: simpler than moving.
    filled_ = 0;
    scanner_ = jpeg::FrameScanner(payload.size() - read_bytes_max);
}

bool FileFrames::step(ByteSpan payload, Found& found) noexcept {
    if (!file_.valid()) {
        found.outcome = Outcome::failed;
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
            ++losses_.damaged;
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
    // Bounded: each turn but the last takes bytes out of what one read has brought.
    for (;;) {
        const jpeg::ScanResult result = scanner_.scan(payload.first(filled_));
        switch (result.outcome) {
        case jpeg::ScanOutcome::frame:
            add_skipped();
            position_ += result.end();
            found = {Outcome::frame, result};
            return false;
        case jpeg::ScanOutcome::damaged:
            ++losses_.damaged;
            break;
        case jpeg::ScanOutcome::oversized:
            ++losses_.oversized;
            losses_.oversized_bytes = result.bytes;
            break;
        case jpeg::ScanOutcome::need_more: {
            const std::size_t gone = scanner_.discardable();
            if (gone > 0) {
                std::memmove(payload.data(), payload.data() + gone, filled_ - gone);
                scanner_.discard(gone);
                position_ += gone;
                filled_ -= gone;
            }
            return true;
        }
        }
    }
}

void FileFrames::add_skipped() noexcept {
    losses_.bytes_skipped += scanner_.bytes_skipped();
}

} // namespace ringcast::input
