#pragma once
// Why a proxy does not answer a request for a stream with a stream, and what to do about it. No I/O.

#include <optional>

#include "app/proxy_findings.hpp"

namespace ringcast::app {

/// Nothing if `facts.through` is a stream.
[[nodiscard]] std::optional<Finding> refusal(const ProxyFacts& facts);

} // namespace ringcast::app
