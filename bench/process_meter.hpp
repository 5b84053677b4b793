#pragma once
// Measures a process and the machine's cores: processor time in nanoseconds (user and system time
// in /proc are sampled by the timer tick and miss short work), peak memory, system calls.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.hpp"

namespace bench {

/// Processor time in ns of all threads of `pid`, including those that have ended; 0 when there is
/// no such process.
std::int64_t process_cpu_ns(pid_t pid);

/// A field of /proc/PID/status such as "VmHWM:", in kB; 0 when it is missing.
std::int64_t process_status_kb(pid_t pid, const std::string& field);

/// Time in ns that `cores` were not idle since boot, in steps of 10 ms. Includes everything that
/// runs on them, also interrupts and time stolen by a hypervisor.
std::int64_t cores_busy_ns(const std::vector<int>& cores);

/// Counts the system calls of the threads that `pid` has when counting begins. Costs the counted
/// process about 100 ns per call, so processor time must not be measured meanwhile.
class SystemCallCounter {
public:
    /// None where tracepoints are not available (no tracefs, no permission).
    static std::optional<SystemCallCounter> start(pid_t pid);
    [[nodiscard]] std::uint64_t read() const;

private:
    std::vector<ringcast::UniqueFd> events_;
};

} // namespace bench
