#include "libcamera/libcamera_log.hpp"

#include <ostream>
#include <streambuf>
#include <string_view>

#include <libcamera/logging.h>

#include "base/log.hpp"

namespace ringcast::capture {

namespace {

/// libcamera 0.4 logs this at each start, for any cameras, if the user has no permission to open a
/// dma-heap. If one is needed, a later error of libcamera's or ours reports that it is missing.
constexpr std::string_view harmless = "Could not open any dma-buf provider";

/// libcamera writes each line with one call, from any thread, so no state is kept between calls.
class LineForwarder final : public std::streambuf {
    std::streamsize xsputn(const char* text, std::streamsize bytes) override {
        std::string_view lines(text, static_cast<std::size_t>(bytes));
        while (!lines.empty()) {
            const std::string_view line = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(std::min(line.size() + 1, lines.size()));
            forward(line);
        }
        return bytes;
    }
    int_type overflow(int_type character) override { return traits_type::not_eof(character); }

    /// "[0:24:11.415660787] [10635] ERROR V4L2 v4l2_device.cpp:398 'Camera': Unable ..."
    static void forward(std::string_view line) {
        const bool bad = (line.find("ERROR") != std::string_view::npos ||
                          line.find("FATAL") != std::string_view::npos) &&
                         line.find(harmless) == std::string_view::npos;
        // Our log adds time and thread itself.
        const std::size_t stamps_end = line.rfind("] ", line.find(".cpp:"));
        if (stamps_end != std::string_view::npos) {
            line.remove_prefix(stamps_end + 2);
        }
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        if (!line.empty()) {
            log(bad ? LogLevel::warning : LogLevel::debug, "libcamera: {}", line);
        }
    }
};

} // namespace

std::ostream& libcamera_log() {
    static LineForwarder forwarder;
    static std::ostream stream(&forwarder);
    return stream;
}

void take_libcamera_log() {
    libcamera::logSetStream(&libcamera_log());
}

} // namespace ringcast::capture
