#pragma once
// Assertions that stay on in production: a violated one is a bug in ringcast, never a bad input.

namespace ringcast {

/// Reports the broken condition on standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

} // namespace ringcast

// One condition each, so that the message names the one that broke.
#define RINGCAST_ASSERT(condition)                                                                 \
    (static_cast<bool>(condition) ? static_cast<void>(0)                                           \
                                  : ::ringcast::assertion_failed(#condition, __FILE__, __LINE__))
