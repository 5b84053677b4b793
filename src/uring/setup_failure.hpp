#pragma once
// Why io_uring can't be had on this machine, as one line that says what to do about it.

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace ringcast::uring {

/// `error` is the errno of io_uring_setup. Asks the system for what else the explanation needs:
/// its release, and the sysctl kernel.io_uring_disabled.
[[nodiscard]] Error explain_setup_failure(int error);

/// The part of it about EPERM, whose causes only these settings tell apart:
/// kernel.io_uring_disabled (0 where the kernel has no such setting) and kernel.io_uring_group (-1
/// for none).
[[nodiscard]] std::string explain_refusal(long disabled, long group);

/// `error` is the errno of registering `bytes` as one fixed buffer.
[[nodiscard]] Error explain_registration_failure(int error, std::size_t bytes);

/// "Linux 6.1.0-18-amd64", for messages.
[[nodiscard]] std::string kernel_release();

} // namespace ringcast::uring
