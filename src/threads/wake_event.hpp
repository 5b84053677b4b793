#pragma once
// An eventfd by which one thread wakes another: the loop, which reads it through the engine, or a
// thread that polls it. Knows nothing of what is handed over.

#include <cstdint>

#include "base/unique_fd.hpp"
#include "io/engine.hpp"

namespace ringcast::threads {

class WakeEvent {
public:
    /// False when the system has no descriptor left; errno says why.
    [[nodiscard]] bool open() noexcept;
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    /// By any thread.
    void wake() const noexcept;
    /// The loop's: one completion with `token` follows the next wake, or all since the last.
    void read(io::Engine& engine, io::OpToken token) noexcept;

private:
    UniqueFd fd_;
    std::uint64_t count_ = 0; ///< what the engine has read
};

} // namespace ringcast::threads
