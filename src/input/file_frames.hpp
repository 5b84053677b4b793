#pragma once
// Reads the frames of one regular file, in order, straight into the caller's memory. Blocks on the
// disk, so it runs in a thread. Knows no slots, no rates and no folders.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::input {

class FileFrames {
public:
    enum class Contents : std::uint8_t {
        sequence, ///< frames, one behind the other
        /// One frame. Further pictures behind it belong to it and are not shown: the gain map of an
        /// Ultra HDR picture, the previews of a Multi-Picture file (CIPA DC-007).
        one_picture,
    };
    enum class Outcome : std::uint8_t {
        frame,
        end,    ///< no whole frame follows
        failed, ///< a read failed, or the file is not open
    };
    struct Found {
        Outcome outcome = Outcome::end;
        jpeg::ScanResult frame; ///< its place in the memory, and its size
    };
    /// Data that was not a good frame, in all files so far.
    struct Losses {
        std::uint64_t damaged = 0;
        std::uint64_t oversized = 0;
        std::uint64_t bytes_skipped = 0;
        jpeg::Fault fault;               ///< of the last damaged one
        std::size_t oversized_bytes = 0; ///< of the last one that was too large
    };

    /// Opens the file at its beginning. Returns 0 or an errno; EINVAL when it is no regular file.
    [[nodiscard]] int open(const std::string& path, Contents contents) noexcept;
    void close() noexcept { file_.reset(); }
    [[nodiscard]] bool is_open() const noexcept { return file_.valid(); }

    /// Reads the next good frame into `payload`, whose size is the largest frame plus
    /// `SlotGeometry::read_ahead`. Gives up (end) once `keep_going` says so.
    template <typename KeepGoing>
    [[nodiscard]] Found next(ByteSpan payload, jpeg::PictureLimit picture_max,
                             KeepGoing keep_going) noexcept {
        begin_frame(payload, picture_max);
        for (;;) {
            if (!keep_going()) {
                return {};
            }
            Found found;
            if (!step(payload, found)) {
                return found;
            }
        }
    }

    [[nodiscard]] const Losses& losses() const noexcept { return losses_; }
    [[nodiscard]] std::uint64_t reads() const noexcept { return reads_; }

private:
    void begin_frame(ByteSpan payload, jpeg::PictureLimit picture_max) noexcept;
    /// One read. True when another is needed.
    [[nodiscard]] bool step(ByteSpan payload, Found& found) noexcept;
    [[nodiscard]] bool scan(ByteSpan payload, Found& found) noexcept;
    [[nodiscard]] std::uint64_t faulty_frames() const noexcept {
        return losses_.damaged + losses_.oversized;
    }
    void add_damaged(const jpeg::Fault& fault) noexcept;
    void add_skipped() noexcept;

    UniqueFd file_;
    Contents contents_ = Contents::sequence;
    bool finished_ = false; ///< the frame of a file of one picture has been found, or is faulty
    std::uint64_t position_ = 0; ///< in the file, of the payload's first byte
    std::size_t filled_ = 0;
    jpeg::FrameScanner scanner_{0};
    Losses losses_;
    std::uint64_t reads_ = 0;
};

} // namespace ringcast::input
