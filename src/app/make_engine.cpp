#include "app/make_engine.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "uring/uring_engine.hpp"

namespace ringcast::app {

namespace {

/// Result and notification of a send, hang-up poll, abort or close.
constexpr std::uint32_t completions_per_connection = 4;

} // namespace

Result<std::unique_ptr<io::Engine>> make_engine(std::uint32_t connections_max) {
    uring::UringSettings settings;
    settings.cq_entries =
        std::max(settings.cq_entries, std::bit_ceil(completions_per_connection * connections_max));
    auto engine = uring::UringEngine::create(settings);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    return std::unique_ptr<io::Engine>(std::move(*engine));
}

} // namespace ringcast::app
