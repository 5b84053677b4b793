#include "uring/setup_failure.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <sys/utsname.h>

namespace ringcast::uring {

namespace {

/// Reads a number from /proc/sys. Returns `fallback` where the kernel has no such setting.
long read_sysctl(const char* path, long fallback) {
    std::ifstream file(path);
    long value = fallback;
    return file >> value ? value : fallback;
}

constexpr std::size_t mib = 1024UL * 1024UL;
/// The kernel's limit for one registered buffer (io_uring/rsrc.c, Linux 6.1 to 6.18).
constexpr std::size_t buffer_bytes_max = 1024 * mib;

std::string in_mib(std::size_t bytes) {
    return std::to_string((bytes + mib - 1) / mib) + " MiB";
}

} // namespace

std::string kernel_release() {
    utsname name{};
    if (::uname(&name) != 0) {
        return "this kernel";
    }
    return std::string(name.sysname) + " " + name.release;
}

std::string explain_refusal(long disabled, long group) {
    if (disabled >= 2) {
        return "io_uring is disabled on this machine (kernel.io_uring_disabled = 2): "
               "run `sysctl -w kernel.io_uring_disabled=0` as root";
    }
    if (disabled == 1) {
        const std::string join = group < 0 ? "set kernel.io_uring_group to a group of this user"
                                           : "put this user into group " + std::to_string(group) +
                                                 " (kernel.io_uring_group)";
        return "only privileged users may use io_uring here (kernel.io_uring_disabled = 1): " +
               join + ", or run `sysctl -w kernel.io_uring_disabled=0` as root";
    }
    return "io_uring is blocked, most likely by a container's seccomp profile (Docker's default "
           "blocks it): run the container with a profile that allows io_uring_setup, "
           "io_uring_enter and io_uring_register, or with --security-opt seccomp=unconfined";
}

Error explain_setup_failure(int error) {
    switch (error) {
    case ENOSYS:
        return {"io_uring is not available on " + kernel_release() +
                " (not built in, or hidden by a container's seccomp profile): ringcast needs Linux "
                "6.1 or newer with CONFIG_IO_URING, and a profile that allows io_uring_setup"};
    case EPERM:
        return {explain_refusal(read_sysctl("/proc/sys/kernel/io_uring_disabled", 0),
                                read_sysctl("/proc/sys/kernel/io_uring_group", -1))};
    case EINVAL:
        return {kernel_release() +
                " is too old for ringcast: its io_uring lacks SINGLE_ISSUER or DEFER_TASKRUN; use "
                "Linux 6.1 or newer"};
    case ENOMEM:
        return {"not enough memory for io_uring's queues: raise the locked-memory limit "
                "(LimitMEMLOCK= in the unit file, `ulimit -l`, or a container's `--ulimit "
                "memlock=-1`) or the memory limit of the control group, or admit fewer viewers"};
    case EMFILE:
    case ENFILE:
        return {"no file descriptor is left for io_uring: raise LimitNOFILE= in the unit file, or "
                "`ulimit -n`"};
    default:
        return {std::string("io_uring can't be set up on ") + kernel_release() + ": " +
                std::strerror(error)};
    }
}

Error explain_registration_failure(int error, std::size_t bytes) {
    const std::string problem = "can't register " + in_mib(bytes) + " with io_uring: ";
    // Checked here because the kernel reports EFAULT for it, as for memory that it can't pin.
    if (bytes > buffer_bytes_max) {
        return {problem + "a registered buffer has at most " + in_mib(buffer_bytes_max) +
                ": use fewer or smaller slots (see [memory])"};
    }
    switch (error) {
    case ENOMEM: {
        rlimit limit{};
        if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
            return {problem + "not enough memory"};
        }
        // The kernel charges locked memory to the user, so the user's other programs count too.
        return {problem + "this needs " + in_mib(bytes) +
                " of locked memory besides what this user has locked already, and the limit is " +
                in_mib(limit.rlim_cur) +
                " (RLIMIT_MEMLOCK): raise it with LimitMEMLOCK= in the unit file, `ulimit -l`, or "
                "a container's option `--ulimit memlock=-1`, or grant CAP_IPC_LOCK"};
    }
    // Linux 6.1 answers EOPNOTSUPP for memory that a driver has mapped, and EINVAL where such
    // memory lies between pages of ours.
    case EOPNOTSUPP:
    case EINVAL:
        return {problem + kernel_release() +
                " can't register memory that a driver has mapped; Linux 6.12 or later can register "
                "that of USB cameras"};
    case EFAULT:
        return {problem + "the driver has mapped the memory in a way that " + kernel_release() +
                " can't pin; no setting changes that"};
    default:
        return {problem + std::strerror(error)};
    }
}

} // namespace ringcast::uring
