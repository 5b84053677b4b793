#pragma once
// The names of this machine, as its files have them: nothing is asked of a name server, which could
// take long, and which a stranger may control.

#include <string>
#include <string_view>
#include <vector>

namespace ringcast::app {

/// The host name; the names beside it in `hosts_file` (/etc/hosts); and, if it has one label, the host
/// name in each domain that `resolver_file` (/etc/resolv.conf) searches.
[[nodiscard]] std::vector<std::string>
host_names(std::string_view host_name, std::string_view hosts_file, std::string_view resolver_file);
/// Those of this machine. Reads both files.
[[nodiscard]] std::vector<std::string> own_host_names();

} // namespace ringcast::app
