#pragma once
// The file with the key that signs links. For commands and for the start and reload of the server,
// not for the loop: the file is read at once.

#include <optional>
#include <string>

#include "access/link.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// The key in the file `path`; nothing if the file does not exist, so that no link is valid. The
/// error names the file and what to do.
[[nodiscard]] Result<std::optional<access::LinkKey>> load_link_key(const std::string& path);

struct CreatedLinkKey {
    access::LinkKey key{};
    bool created = false; ///< by this call
};

/// Makes a new key if the file `link_key_file` does not exist. Those who may read the file of users
/// or tokens may read a new file too: see change_private_file().
[[nodiscard]] Result<CreatedLinkKey> load_or_create_link_key(const config::AccessConfig& access);

/// Makes a new key in any case: all links of the present one become invalid.
[[nodiscard]] Result<void> replace_link_key(const config::AccessConfig& access);

} // namespace ringcast::app
