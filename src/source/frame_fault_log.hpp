#pragma once
// Logs the damaged and oversized frames of one source, one line per burst of each. Counts nothing.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/log_throttle.hpp"
#include "base/time.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::source {

/// The reason to report when no frame fits: names the setting to change.
[[nodiscard]] std::string oversized_reason(std::size_t bytes, std::size_t frame_bytes_max);
/// The same when no picture is small enough.
[[nodiscard]] std::string too_large_reason(const jpeg::Fault& fault,
                                           jpeg::PictureLimit picture_max);

class FrameFaultLog {
public:
    /// `origin` is where the frames come from, for example a file; empty when the name of the
    /// stream says enough.
    explicit FrameFaultLog(std::string_view stream_name, std::string_view origin = {});

    /// `problem`: what is wrong with the frame.
    void damaged(Instant now, std::string_view problem) noexcept;
    void damaged(Instant now, const jpeg::Fault& fault, jpeg::PictureLimit picture_max) noexcept;
    /// `bytes`: size of the frame; 0 when unknown. `frame_bytes_max`: the limit that it exceeds.
    void oversized(Instant now, std::size_t bytes, std::size_t frame_bytes_max) noexcept;

private:
    std::string stream_name_;
    std::string origin_; ///< begins each line: "FILE: ", or empty
    LogThrottle damaged_;
    LogThrottle oversized_;
};

} // namespace ringcast::source
