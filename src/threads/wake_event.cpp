#include "threads/wake_event.hpp"

#include <span>

#include <sys/eventfd.h>
#include <unistd.h>

namespace ringcast::threads {

bool WakeEvent::open() noexcept {
    // Not EFD_NONBLOCK, so that a read by the engine waits for a wake.
    fd_.reset(eventfd(0, EFD_CLOEXEC));
    return fd_.valid();
}

void WakeEvent::wake() const noexcept {
    const std::uint64_t one = 1;
    // Fails only when the counter is at its maximum, and then a wake is pending already.
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

void WakeEvent::read(io::Engine& engine, io::OpToken token) noexcept {
    engine.read(token, fd_.get(), std::as_writable_bytes(std::span<std::uint64_t>(&count_, 1)));
}

} // namespace ringcast::threads
