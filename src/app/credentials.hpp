#pragma once
// Reads the user name and password for an upstream server. The loop must not run yet: files are read
// at once.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

struct Credentials {
    std::string user;
    std::string password;
};

/// From the URL; from `credentials_file`; or from the file `stream_name` in the folder that systemd
/// names in $CREDENTIALS_DIRECTORY, if it exists; nothing if there is none of these. The error names
/// the file and what to do, and contains nothing of its content.
[[nodiscard]] Result<std::optional<Credentials>>
find_credentials(const config::UpstreamConfig& upstream, const std::string& stream_name);

} // namespace ringcast::app
