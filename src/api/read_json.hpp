#pragma once
// Reads JSON: the bodies of requests, and the status of another server. No I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/control_change.hpp"

namespace ringcast::api {

/// The body of a request to change controls: a JSON object of names and values as in the configuration, and null for
/// what the configuration says. The error is one line about everything that is wrong in it.
[[nodiscard]] Result<std::vector<source::ControlChange>>
read_control_changes(std::string_view body);

/// The addresses of a viewer in a `status_json`.
struct ListedViewer {
    std::uint64_t id = 0;
    std::string address;
    std::string proxy; ///< empty: none
};
/// The viewers in the text of a `status_json`; nothing if it is none, or does not list all viewers.
[[nodiscard]] std::optional<std::vector<ListedViewer>> listed_viewers(std::string_view status);

} // namespace ringcast::api
