#include "base/unique_fd.hpp"

#include <unistd.h>

namespace ringcast {

void UniqueFd::reset(int fd) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) {
        // Linux frees the descriptor even when close reports EINTR, so it is never tried again.
        static_cast<void>(::close(old));
    }
}

} // namespace ringcast
