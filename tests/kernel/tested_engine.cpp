#include "kernel/tested_engine.hpp"

#include <cstdlib>
#include <string_view>

#include "epoll/epoll_engine.hpp"
#include "uring/uring_engine.hpp"

namespace ringcast::test {

namespace {

/// For the largest of the tests, with thousands of connections.
constexpr unsigned completions_max = 32768;

template <typename Engine>
Result<std::unique_ptr<io::Engine>> as_engine(Result<std::unique_ptr<Engine>> created) {
    if (!created) {
        return tl::unexpected(created.error());
    }
    return std::unique_ptr<io::Engine>(std::move(*created));
}

} // namespace

Result<std::unique_ptr<io::Engine>> make_tested_engine() {
    const char* const name = std::getenv("RINGCAST_TEST_ENGINE");
    if (name != nullptr && std::string_view(name) == "epoll") {
        return as_engine(epoll::EpollEngine::create({.operations_max = completions_max}));
    }
    uring::UringSettings settings;
    settings.cq_entries = completions_max;
    return as_engine(uring::UringEngine::create(settings));
}

} // namespace ringcast::test
