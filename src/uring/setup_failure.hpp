#pragma once
// Turns an errno of io_uring's set-up into one line that says why io_uring can't be used on this
// machine and what to do about it.

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace ringcast::uring {

/// `error` is the errno of io_uring_setup. Reads the kernel release and the sysctls that the
/// explanation needs.
[[nodiscard]] Error explain_setup_failure(int error);

/// Explains EPERM, whose causes can only be distinguished by two sysctls: `disabled` is
/// kernel.io_uring_disabled (0 where the kernel has no such setting), `group` is
/// kernel.io_uring_group (-1 for none).
[[nodiscard]] std::string explain_refusal(long disabled, long group);

/// `error` is the errno of registering `bytes` as one fixed buffer.
[[nodiscard]] Error explain_registration_failure(int error, std::size_t bytes);

/// For messages, such as "Linux 6.1.0-18-amd64".
[[nodiscard]] std::string kernel_release();

} // namespace ringcast::uring
