#pragma once
// How to reach a ringcast at one of its own addresses, without a proxy. No I/O.

#include <string>

#include "app/proxy_findings.hpp"
#include "app/stream_request.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

struct DirectAddress {
    std::string base; ///< "http://127.0.0.1:8080"
    std::string socket_path;
    bool proxy_protocol = false;
    std::string shown;

    /// A request for `target`, which begins with a slash.
    [[nodiscard]] RequestOptions request(const std::string& target) const;
};

/// The error says why the address is unknown, and begins with its name.
[[nodiscard]] Result<DirectAddress> direct_address(const config::ListenConfig& listen);

/// Why `answer` is not from ringcast; empty if it is.
[[nodiscard]] std::string failure_of(const StreamAnswer& answer);

/// `path` with a query, which may be empty.
[[nodiscard]] std::string with_query(std::string path, const std::string& query);

} // namespace ringcast::app
