#pragma once
// What is asked for, and where: the configured address, or the one that it redirects to. No I/O.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/url.hpp"
#include "upstream/connection.hpp"

namespace ringcast::upstream {

class RequestTarget {
public:
    static constexpr int redirects_max = 5;

    /// With a UNIX socket, only the path and the credentials of `url` are used.
    RequestTarget(http::Url url, std::string socket_path);

    /// The present address.
    [[nodiscard]] const http::Url& url() const noexcept { return url_; }
    [[nodiscard]] ServerAddress server() const { return {url_.host, url_.port, socket_path_}; }
    /// The configured address, for status: without secrets.
    [[nodiscard]] std::string text() const;

    /// False after `redirects_max` redirects.
    [[nodiscard]] bool may_redirect() const noexcept { return redirects_ < redirects_max; }
    /// The server answered that `location` is the place to ask. The error is for a log.
    [[nodiscard]] Result<void> redirect(std::string_view location);
    /// The chain of redirects has led to an answer, so that a new one may begin.
    void arrived() noexcept { redirects_ = 0; }
    /// Back to the configured address.
    void reset();

private:
    http::Url configured_;
    std::string socket_path_;
    http::Url url_;
    int redirects_ = 0; ///< since the last answer
};

/// The head of the request. `authorization`: the value of that header; empty: none.
[[nodiscard]] std::string request_text(const http::Url& url, std::string_view version,
                                       std::string_view instance, std::string_view authorization);

} // namespace ringcast::upstream
