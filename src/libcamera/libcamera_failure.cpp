#include "libcamera/libcamera_failure.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/core.h>

namespace ringcast::capture {

tl::unexpected<OpenFailure> failure(camera::OpenError error, std::string message,
                                    std::string reason) {
    return tl::unexpected(OpenFailure{error, std::move(message), std::move(reason)});
}

tl::unexpected<OpenFailure> failed_call(const char* what, int error) {
    if (error == EBUSY) {
        return failure(camera::OpenError::busy, "another program or another stream uses the camera",
                       "the camera is in use");
    }
    if (error == ENODEV) {
        return failure(camera::OpenError::absent, "the camera has just been unplugged",
                       "the camera is not there");
    }
    return failure(camera::OpenError::unusable,
                   fmt::format("the camera can't be {}: {}", what, std::strerror(error)),
                   "the camera failed");
}

tl::unexpected<OpenFailure> refused(std::string message) {
    return failure(camera::OpenError::refused, std::move(message),
                   "the camera can't do what its configuration asks");
}

} // namespace ringcast::capture
