#pragma once
// Reads the parameters of a URL's query into a route.

#include <string_view>

#include "api/routes.hpp"
#include "http/query.hpp"

namespace ringcast::api {

inline constexpr std::string_view link_time_expected =
    "for must say how long the link is valid, from 1s to 365d, for example for=24h.";

/// Returns an error text if the value is invalid, else an empty one. Parameters that the kind of the
/// route does not have are ignored.
[[nodiscard]] std::string_view read_parameter(Route& route, const http::QueryParameter& parameter);

} // namespace ringcast::api
