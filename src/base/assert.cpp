#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace ringcast {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    // stdio without a format library: this may run when memory is exhausted.
    std::fprintf(stderr, "ringcast: bug: '%s' does not hold at %s:%d\n", condition, file, line);
    std::abort();
}

} // namespace ringcast
