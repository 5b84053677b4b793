#include "upstream/request_target.hpp"

#include <utility>

#include <fmt/core.h>

namespace ringcast::upstream {

namespace {

constexpr std::string_view socket_host = "localhost"; ///< in requests to a UNIX socket

} // namespace

RequestTarget::RequestTarget(http::Url url, std::string socket_path)
    : configured_(std::move(url)), socket_path_(std::move(socket_path)) {
    if (!socket_path_.empty()) {
        configured_.host = socket_host;
    }
    url_ = configured_;
}

std::string RequestTarget::text() const {
    return socket_path_.empty() ? http::without_secrets(configured_)
                                : fmt::format("unix:{}", socket_path_);
}

Result<void> RequestTarget::redirect(std::string_view location) {
    ++redirects_;
    auto target = http::redirected(url_, location);
    if (!target) {
        return tl::unexpected<Error>(std::move(target.error()));
    }
    if (!socket_path_.empty() && http::authority(*target) != http::authority(url_)) {
        return fail(
            fmt::format("{} is not behind the UNIX socket", http::without_secrets(*target)));
    }
    url_ = std::move(*target);
    return {};
}

void RequestTarget::reset() {
    url_ = configured_;
    redirects_ = 0;
}

std::string request_text(const http::Url& url, std::string_view version, std::string_view instance,
                         std::string_view authorization) {
    // The type that is named first is not a picture's, so a ringcast takes this for no <img>.
    std::string text = fmt::format("GET {} HTTP/1.1\r\n"
                                   "Host: {}\r\n"
                                   "User-Agent: ringcast/{}\r\n"
                                   "Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.5\r\n"
                                   "X-Ringcast-Via: {}\r\n",
                                   url.target, http::authority(url), version, instance);
    if (!authorization.empty()) {
        text += fmt::format("Authorization: {}\r\n", authorization);
    }
    return text += "\r\n";
}

} // namespace ringcast::upstream
