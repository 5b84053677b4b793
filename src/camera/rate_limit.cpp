#include "camera/rate_limit.hpp"

#include <fmt/core.h>

namespace ringcast::camera {

RatePlan plan_rate(double asked, std::optional<double> made) {
    if (!made) {
        return {asked,
                fmt::format("the camera's frame rate can't be set; of its own at most {:.4g} "
                            "frames/s are passed on",
                            asked)};
    }
    // 30000/1001 is meant by 30.
    constexpr double tolerance = 0.01;
    if (*made > asked * (1 + tolerance)) {
        return {asked,
                fmt::format("the camera makes {:.4g} frames/s of this size and format; {:.4g} "
                            "of them are passed on",
                            *made, asked)};
    }
    if (*made < asked * (1 - tolerance)) {
        return {0,
                fmt::format("the camera makes {:.4g} frames/s of this size and format, not {:.4g}",
                            *made, asked)};
    }
    return {};
}

} // namespace ringcast::camera
