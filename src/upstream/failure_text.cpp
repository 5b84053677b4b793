#include "upstream/failure_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/core.h>

namespace ringcast::upstream {

std::string connect_failure(int error) {
    switch (error) {
    case ECONNREFUSED:
        return "the upstream server refuses connections (is it running?)";
    case ENOENT:
        return "the upstream server's socket does not exist (is it running?)";
    case EACCES:
    case EPERM:
        return "access to the upstream server's socket is denied";
    case ETIMEDOUT:
        return "the upstream server does not answer";
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
        return "the upstream server can't be reached";
    case EMFILE:
    case ENFILE:
        return "too many files are open for a connection to the upstream server";
    default:
        return fmt::format("connecting to the upstream server failed: {}", std::strerror(error));
    }
}

std::string connection_failure(int error) {
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        return "the upstream server broke the connection";
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "the upstream server can't be reached any more";
    default:
        return fmt::format("the connection to the upstream server failed: {}",
                           std::strerror(error));
    }
}

std::string status_failure(int status) {
    switch (status) {
    case 403:
        return "the upstream server denies access (403)";
    case 404:
    case 410:
        return fmt::format("the upstream server has nothing at this address ({})", status);
    case 407:
        return "a proxy before the upstream server asks for a password (407), which is not "
               "supported";
    case 421:
        return "the upstream server does not answer to the name in its address (421)";
    case 429:
        return "the upstream server receives too many requests (429)";
    case 503:
        return "the upstream server is busy (503)";
    case 508:
        return "the upstream server gets this stream from here: a loop (508)";
    default:
        return status >= 500 ? fmt::format("the upstream server has an error ({})", status)
                             : fmt::format("the upstream server answers with status {}", status);
    }
}

std::string seconds_text(Duration time) {
    const double seconds = std::chrono::duration<double>(time).count();
    return seconds < 1 ? fmt::format("{:.1f}", seconds) : fmt::format("{:.0f}", seconds);
}

bool may_contain_frames(std::string_view type) noexcept {
    // Servers call a run of JPEGs by all of these names.
    constexpr std::array<std::string_view, 10> types{
        "",           "image/jpeg",   "image/jpg",     "image/pjpeg", "video/x-motion-jpeg",
        "video/jpeg", "video/x-jpeg", "video/x-mjpeg", "video/mjpeg", "application/octet-stream"};
    return type.starts_with("multipart/") || std::ranges::find(types, type) != types.end();
}

} // namespace ringcast::upstream
