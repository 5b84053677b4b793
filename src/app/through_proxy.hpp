#pragma once
// Reads a stream through a proxy and directly at the same time, for
// `ringcast doctor --through URL`. Judges nothing: proxy_findings.hpp does. Takes about 20 s, and
// holds two connections to ringcast.

#include <functional>
#include <string_view>

#include "app/proxy_findings.hpp"
#include "app/public_url.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// The direct stream is that of the first address of `config` on which a ringcast answers.
/// `report_progress` is called with a line before each part that takes time.
[[nodiscard]] ProxyFacts
look_through_proxy(const PublicUrl& url, const config::Config& config,
                   const std::function<void(std::string_view)>& report_progress);

} // namespace ringcast::app
