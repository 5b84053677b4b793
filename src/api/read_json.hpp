#pragma once
// Reads JSON: the bodies of requests, and the status of another server. No I/O.

#include <optional>
#include <string_view>
#include <vector>

#include "api/listed_status.hpp"
#include "base/result.hpp"
#include "source/control_change.hpp"

namespace ringcast::api {

/// The body of a request to change controls: a JSON object of names and values as in the configuration, and null for
/// what the configuration says. The error is one line about everything that is wrong in it.
[[nodiscard]] Result<std::vector<source::ControlChange>>
read_control_changes(std::string_view body);

/// A `status_json` of this version, or another one: what it lacks is empty. Texts are printable.
/// Nothing if `text` is no status.
[[nodiscard]] std::optional<ListedStatus> read_status(std::string_view text);

} // namespace ringcast::api
