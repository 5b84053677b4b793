#pragma once
// An eventfd by which one thread wakes another: either the loop, which reads it through the engine,
// or a thread that polls it. Carries no data.

#include <cstdint>

#include "base/unique_fd.hpp"
#include "io/engine.hpp"

namespace ringcast::threads {

class WakeEvent {
public:
    /// False when no descriptor is available; errno says why.
    [[nodiscard]] bool open() noexcept;
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// May be called by any thread.
    void wake() const noexcept;
    /// Called by the loop. One completion with `token` arrives after the next wake, or at once when
    /// there were wakes since the last read.
    void read(io::Engine& engine, io::OpToken token) noexcept;

private:
    UniqueFd fd_;
    std::uint64_t count_ = 0; ///< the engine reads the counter into it
};

} // namespace ringcast::threads
