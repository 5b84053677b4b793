#include "uvc_camera/modes.hpp"

#include <array>
#include <cmath>

namespace ringcast::vm {

std::vector<Format> Modes::formats() const {
    std::vector<Format> present;
    for (const Format format : {Format::mjpeg, Format::yuyv}) {
        if (!sizes(format).empty()) {
            present.push_back(format);
        }
    }
    return present;
}

std::vector<std::uint32_t> intervals_up_to(double fastest) {
    constexpr double units_per_second = 1e7;
    constexpr std::array<double, 7> usual{60, 30, 25, 20, 15, 10, 5};
    std::vector<std::uint32_t> intervals{
        static_cast<std::uint32_t>(std::lround(units_per_second / fastest))};
    for (const double rate : usual) {
        const auto interval = static_cast<std::uint32_t>(std::lround(units_per_second / rate));
        if (interval > intervals.front()) {
            intervals.push_back(interval);
        }
    }
    return intervals;
}

} // namespace ringcast::vm
