#include "camera/rate_limit.hpp"

#include <fmt/core.h>

namespace ringcast::camera {

RatePlan plan_rate(double wanted, std::optional<double> actual) {
    if (!actual) {
        return {wanted,
                fmt::format("the camera's frame rate can't be set; at most {:.4g} frames/s are "
                            "passed on",
                            wanted)};
    }
    // 30 also stands for 30000/1001.
    constexpr double tolerance = 0.01;
    if (*actual > wanted * (1 + tolerance)) {
        return {wanted,
                fmt::format("the camera makes {:.4g} frames/s of this size and format; {:.4g} "
                            "of them are passed on",
                            *actual, wanted)};
    }
    if (*actual < wanted * (1 - tolerance)) {
        return {0,
                fmt::format("the camera makes {:.4g} frames/s of this size and format, not {:.4g}",
                            *actual, wanted)};
    }
    return {};
}

} // namespace ringcast::camera
