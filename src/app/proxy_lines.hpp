#pragma once
// Lines of the configuration of proxies, by what they are good for. conf/proxy has whole ones. No
// I/O.

#include <cstdint>
#include <string>
#include <string_view>

namespace ringcast::app {

enum class ProxyTopic : std::uint8_t {
    buffering,    ///< pass on what arrives at once
    compression,  ///< don't compress
    caching,      ///< don't cache
    http2,        ///< speak HTTP/2
    slow_viewers, ///< keep little for viewers with slow links
    prefix,       ///< remove the beginning of the path
    host,         ///< pass on the host's name
    forwarding,   ///< pass on the viewer's address
};

/// For the proxy that is named in `server` or `via`, the values of these headers; if it is not
/// known, for all of them: "nginx: `gzip off;`; Apache: `SetEnv no-gzip 1`". Empty if the known one
/// needs no line.
[[nodiscard]] std::string proxy_lines(ProxyTopic topic, std::string_view server,
                                      std::string_view via);

} // namespace ringcast::app
