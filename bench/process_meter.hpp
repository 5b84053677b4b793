#pragma once
// What a process and the machine's cores have used: processor time exact to the nanosecond (user
// and system time of /proc are sampled by the tick and miss short work), peak memory, system calls.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.hpp"

namespace bench {

/// Processor time of all threads of `pid`, those that have ended included, ns; 0 for no such
/// process.
std::int64_t process_cpu_ns(pid_t pid);

/// A field of /proc/PID/status such as "VmHWM:", kB; 0 when it is not there.
std::int64_t process_status_kb(pid_t pid, const std::string& field);

/// Time that `cores` were not idle since the system began, ns, in steps of 10 ms. Whatever runs on
/// them counts, interrupts and time stolen by a hypervisor included.
std::int64_t cores_busy_ns(const std::vector<int>& cores);

/// Counts the system calls of the threads that `pid` has when counting begins. It costs the counted
/// program about 100 ns per call, so processor time is measured at another time.
class SystemCallCounter {
public:
    /// Nothing where tracepoints are out of reach (no tracefs, no permission).
    static std::optional<SystemCallCounter> start(pid_t pid);
    [[nodiscard]] std::uint64_t read() const;

private:
    std::vector<ringcast::UniqueFd> events_;
};

} // namespace bench
