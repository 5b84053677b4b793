#include "app/make_engine.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/log.hpp"
#include "epoll/epoll_engine.hpp"
#include "uring/uring_engine.hpp"

namespace ringcast::app {

namespace {

/// Result and notification of a send, hang-up poll, abort or close.
constexpr std::uint32_t uring_completions_per_connection = 4;
/// See EpollSettings::operations_max.
constexpr std::uint32_t epoll_operations_per_connection = 8;

Result<ServerEngine> make_uring_engine(std::uint32_t connections_max) {
    uring::UringSettings settings;
    settings.cq_entries = std::max(
        settings.cq_entries, std::bit_ceil(uring_completions_per_connection * connections_max));
    auto engine = uring::UringEngine::create(settings);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    return ServerEngine{std::move(*engine), "io_uring", true};
}

Result<ServerEngine> make_epoll_engine(std::uint32_t connections_max) {
    epoll::EpollSettings settings;
    // The initial value is for everything besides the connections.
    settings.operations_max += std::size_t{epoll_operations_per_connection} * connections_max;
    auto engine = epoll::EpollEngine::create(settings);
    if (!engine) {
        return tl::unexpected(engine.error());
    }
    return ServerEngine{std::move(*engine), "epoll", false};
}

} // namespace

Result<ServerEngine> make_engine(config::EngineChoice choice, std::uint32_t connections_max) {
    if (choice == config::EngineChoice::epoll) {
        return make_epoll_engine(connections_max);
    }
    auto engine = make_uring_engine(connections_max);
    if (engine || choice == config::EngineChoice::io_uring) {
        return engine;
    }
    log(LogLevel::warning, "serving with epoll, which copies each frame for each viewer: {}",
        engine.error().message);
    return make_epoll_engine(connections_max);
}

} // namespace ringcast::app
