#pragma once
// The engine that a run of the tests is for: ctest runs them once for each. Test cases about io_uring
// itself have the tag [io_uring] and are left out of the other runs.

#include <memory>

#include "base/result.hpp"
#include "io/engine.hpp"

namespace ringcast::test {

/// The engine that the environment variable RINGCAST_TEST_ENGINE names: "io_uring" (the default) or
/// "epoll". The error says why it can't be used here.
[[nodiscard]] Result<std::unique_ptr<io::Engine>> make_tested_engine();

} // namespace ringcast::test
