#include "process_meter.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

} // namespace

std::int64_t process_cpu_ns(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return used.tv_sec * ns_per_second + used.tv_nsec;
}

std::int64_t process_status_kb(pid_t pid, const std::string& field) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with(field)) {
            return std::atoll(line.c_str() + field.size());
        }
    }
    return 0;
}

std::int64_t cores_busy_ns(const std::vector<int>& cores) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    std::int64_t busy_ns = 0;
    const std::int64_t ns_per_tick = ns_per_second / sysconf(_SC_CLK_TCK);
    std::ifstream stat("/proc/stat");
    std::string line;
    while (std::getline(stat, line)) {
        std::istringstream fields(line);
        std::string name;
        std::int64_t user = 0;
        std::int64_t nice = 0;
        std::int64_t system = 0;
        std::int64_t idle = 0;
        std::int64_t waiting = 0;
        fields >> name >> user >> nice >> system >> idle >> waiting;
        const bool wanted = std::any_of(cores.begin(), cores.end(), [&name](int core) {
            return name == "cpu" + std::to_string(core);
        });
        if (wanted) {
            // Computed from idle time, which is exact where the kernel stops the tick; busy time
            // never is.
            busy_ns += now.tv_sec * ns_per_second + now.tv_nsec - (idle + waiting) * ns_per_tick;
        }
    }
    return busy_ns;
}

std::optional<SystemCallCounter> SystemCallCounter::start(pid_t pid) {
    std::ifstream id_file("/sys/kernel/tracing/events/raw_syscalls/sys_enter/id");
    std::uint64_t id = 0;
    if (!(id_file >> id)) {
        return std::nullopt;
    }
    SystemCallCounter counter;
    std::error_code error;
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
        perf_event_attr attributes{};
        attributes.type = PERF_TYPE_TRACEPOINT;
        attributes.size = sizeof attributes;
        attributes.config = id;
        const int thread = std::atoi(task.path().filename().c_str());
        const long fd =
            syscall(SYS_perf_event_open, &attributes, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0) {
            return std::nullopt;
        }
        counter.events_.emplace_back(static_cast<int>(fd));
    }
    return counter;
}

std::uint64_t SystemCallCounter::read() const {
    std::uint64_t sum = 0;
    for (const ringcast::UniqueFd& event : events_) {
        std::uint64_t count = 0;
        if (::read(event.get(), &count, sizeof count) == sizeof count) {
            sum += count;
        }
    }
    return sum;
}

} // namespace bench
