#pragma once
// Reads the files of [access]: users, tokens and the key of links. At start, and when the server is
// told to read them again; files are read at once.

#include <string>

#include "access/rules.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// Precondition: the configuration asks for passwords. The error names the file and what to do, and
/// contains no secret.
[[nodiscard]] Result<access::Rules> load_access_rules(const config::Config& config);

/// Names in the lists of the configuration that neither file contains: one line, or an empty text.
[[nodiscard]] std::string unknown_names_warning(const access::Rules& rules);

} // namespace ringcast::app
