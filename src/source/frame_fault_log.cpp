#include "source/frame_fault_log.hpp"

#include <fmt/core.h>

#include "base/log.hpp"
#include "config/units.hpp"

namespace ringcast::source {

/// No setting raises the number of pixels.
std::string too_large_reason(const jpeg::Fault& fault, jpeg::PictureLimit picture_max) {
    const std::string size = config::picture_size_text({fault.width, fault.height});
    if (fault.width <= picture_max.width && fault.height <= picture_max.height) {
        return fmt::format("pictures of {} exceed {} megapixels, the most that is sent to viewers",
                           size, jpeg::PictureLimit::pixels_max / 1'000'000);
    }
    return fmt::format("pictures of {} are larger than picture_max = {}: raise it in [memory]",
                       size, config::picture_size_text({picture_max.width, picture_max.height}));
}

std::string oversized_reason(std::size_t bytes, std::size_t frame_bytes_max) {
    return fmt::format("frames of {} are larger than frame_max = {}: raise it in [memory]",
                       config::bytes_text_rounded_up(bytes),
                       config::bytes_text_rounded(frame_bytes_max));
}

FrameFaultLog::FrameFaultLog(std::string_view stream_name, std::string_view origin)
    : stream_name_(stream_name),
      origin_(origin.empty() ? std::string() : fmt::format("{}: ", origin)) {}

void FrameFaultLog::damaged(Instant now, std::string_view problem) noexcept {
    if (damaged_.should_log(now)) {
        log_stream(LogLevel::warning, stream_name_, "{}a damaged frame was skipped: {}", origin_,
                   problem);
    }
}

void FrameFaultLog::damaged(Instant now, const jpeg::Fault& fault,
                            jpeg::PictureLimit picture_max) noexcept {
    if (fault.damage == jpeg::Damage::picture_too_large) {
        damaged(now, too_large_reason(fault, picture_max));
    } else {
        damaged(now, jpeg::describe(fault.damage));
    }
}

void FrameFaultLog::oversized(Instant now, std::size_t bytes,
                              std::size_t frame_bytes_max) noexcept {
    if (!oversized_.should_log(now)) {
        return;
    }
    const std::string size =
        bytes == 0 ? std::string() : " of " + config::bytes_text_rounded_up(bytes);
    log_stream(
        LogLevel::warning, stream_name_,
        "{}a frame{} was skipped, because it is larger than frame_max = {}: raise it in [memory]",
        origin_, size, config::bytes_text_rounded(frame_bytes_max));
}

} // namespace ringcast::source
