// The program: reads the command line, raises limits, runs the server.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/core.h>

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "app/access_commands.hpp"
#include "app/client_command_line.hpp"
#include "app/command_line.hpp"
#include "app/control_socket.hpp"
#include "app/doctor.hpp"
#include "app/encoder_benchmark.hpp"
#include "app/exit_code.hpp"
#include "app/findings.hpp"
#include "app/health.hpp"
#include "app/init_process.hpp"
#include "app/limits.hpp"
#include "app/list_cameras.hpp"
#include "app/listeners.hpp"
#include "app/logging.hpp"
#include "app/proxy_findings.hpp"
#include "app/server.hpp"
#include "app/service_manager.hpp"
#include "app/signals.hpp"
#include "app/startup_message.hpp"
#include "app/through_proxy.hpp"
#include "app/top.hpp"
#include "base/log.hpp"
#include "capture/camera_access.hpp"
#include "capture/cameras.hpp"
#include "capture/v4l2_devices.hpp"
#include "connection/exchange.hpp"
#include "os/spawn.hpp"

namespace ringcast::app {

namespace {

int finish(ExitCode code) noexcept {
    return static_cast<int>(code);
}

int cannot_start(const Error& error, ExitCode code = ExitCode::cannot_start) {
    write_message(STDERR_FILENO, "ringcast: " + error.message + "\n");
    return finish(code);
}

/// A service manager starts ringcast again after other failures, which may pass. Without the module
/// for cameras it would do so for ever, so a configuration that needs it counts as wrong.
ExitCode code_of_failed_start(const config::Config& config) {
    const bool needs_cameras = std::ranges::any_of(config.streams, [](const auto& stream) {
        return std::holds_alternative<config::LibcameraConfig>(stream.source);
    });
    return needs_cameras && !capture::camera_library_installed() ? ExitCode::usage_error
                                                                 : ExitCode::cannot_start;
}

/// Opens /dev/null for each of the descriptors 0 to 2 that the caller has closed. Otherwise the
/// next file or socket would get that number, and printed text would end up there.
void open_standard_descriptors() noexcept {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        ::close(fd);
    }
}

/// Lets malloc map each request buffer by itself, so that the memory of hundreds of connections
/// that arrived at once returns to the system when their streams begin.
void return_freed_memory() noexcept {
    constexpr int map_bytes_min = 5 * 1024;
    static_assert(sizeof(connection::Exchange) > map_bytes_min);
    static_cast<void>(::mallopt(M_MMAP_THRESHOLD, map_bytes_min));
}

int print(const EarlyExit& texts) {
    std::fputs(texts.standard_output.c_str(), stdout);
    write_message(STDERR_FILENO, texts.standard_error);
    if (std::fflush(stdout) != 0) { // a token, for example, is printed only once
        write_message(STDERR_FILENO, "ringcast: standard output can't be written\n");
        return finish(ExitCode::runtime_failure);
    }
    return finish(texts.code);
}

int print_findings(std::span<const Finding> findings) {
    std::fputs(report(findings).c_str(), stdout);
    return finish(has_problem(findings) ? ExitCode::runtime_failure : ExitCode::ok);
}

int examine_machine(const config::Config& config) {
    return print_findings(examine(look_at_machine(config)));
}

int examine_proxy(const PublicUrl& url, const config::Config& config) {
    return print_findings(examine_proxy(look_through_proxy(url, config, [](std::string_view line) {
        write_message(STDERR_FILENO, fmt::format("ringcast: {}\n", line));
    })));
}

int list_cameras() {
    const auto problem = capture::camera_permission_problem();
    if (problem) {
        set_log_level(LogLevel::error); // the warnings of libcamera only follow from that
    }
    auto cameras = capture::open_cameras({});
    const auto list = cameras ? (*cameras)->list() : tl::unexpected(cameras.error());
    if (!list) {
        return cannot_start(list.error());
    }
    std::fputs(cameras_text(*list,
                            [](const camera::CameraIdentity& camera, auto... of) {
                                return capture::highest_v4l2_rate(camera.devices, of...);
                            })
                   .c_str(),
               stdout);
    if (!list->empty()) {
        return finish(ExitCode::ok);
    }
    return cannot_start(
        {problem ? *problem
                 : (*cameras)->library() + " finds no camera; run `ringcast doctor` for details"});
}

/// Asks the running server to read its configuration again.
int reload() {
    const auto report = ask_for_reload();
    if (!report) {
        write_message(STDERR_FILENO, fmt::format("ringcast: {}\n", report.error().message));
        return finish(ExitCode::runtime_failure);
    }
    for (const std::string& line : report->lines) {
        write_message(report->done ? STDOUT_FILENO : STDERR_FILENO, line + "\n");
    }
    if (!report->done) {
        write_message(STDERR_FILENO, "ringcast: the configuration stays as it was\n");
    }
    return finish(report->done ? ExitCode::ok : ExitCode::usage_error);
}

/// The tasks that run no server.
int run_task(const CommandLine& command_line) {
    const config::Config& config = command_line.config;
    switch (command_line.task) {
    case Task::list_cameras:
        return list_cameras();
    case Task::examine_machine:
        return examine_machine(config);
    case Task::examine_proxy:
        return examine_proxy(command_line.through, config);
    case Task::reload:
        return reload();
    case Task::bench_encoder: {
        const auto& pattern = std::get<config::PatternConfig>(config.streams.front().source);
        benchmark_encoder(pattern.size, pattern.quality);
        break;
    }
    case Task::stream:
        break;
    }
    return finish(ExitCode::ok);
}

/// The commands that look at a running server.
int run_client_command(std::span<const char* const> arguments) {
    const auto command = parse_client_command(arguments);
    if (!command) {
        return print(command.error());
    }
    if (const auto* health = std::get_if<HealthCommand>(&*command)) {
        return print(check_health(*health));
    }
    return print(run_top(std::get<TopCommand>(*command)));
}

/// Reads the configuration again, as the command line says.
Result<config::Config> load_again(std::span<const char* const> arguments) {
    auto parsed = parse_command_line(arguments);
    if (!parsed) {
        return fail(parsed.error().standard_error);
    }
    return std::move(parsed->config);
}

int serve(const CommandLine& parsed, std::span<const char* const> arguments) {
    const config::Config& config = parsed.config;
    // As the first process of a container, serve in a child process.
    if (const auto forked = fork_if_init(); !forked) {
        return cannot_start(forked.error());
    }
    set_signal_dispositions();
    start_logging(STDERR_FILENO, log_style_of(STDERR_FILENO, config.log.format), config.log.level);

    // Raise the limits of the process as far as allowed. Programs get the present ones: select()
    // fails beyond 1024 descriptors.
    const os::SoftLimits program_limits = os::soft_limits();
    const std::uint64_t open_files = raise_open_files_limit();
    const std::uint64_t locked_memory = raise_locked_memory_limit();
    const OpenFileNeeds needs = open_file_needs(config);
    if (const auto warning = open_files_warning(needs, open_files)) {
        log(LogLevel::warning, "{}", *warning);
    }
    reserve_open_files(open_files_needed(needs), open_files);

    // Open the listening sockets and everything between sources and viewers.
    ServerOptions options{.locked_memory_max = locked_memory,
                          .open_files_max = open_files,
                          .program_limits = program_limits,
                          .ends_with_input = parsed.ends_with_input,
                          .handles_signals = true,
                          .service_manager = ServiceManager::from_environment(),
                          .passed_sockets = take_passed_sockets()};
    if (parsed.from_file) {
        options.load = [arguments] { return load_again(arguments); };
        options.control_socket = control_socket_path();
    }
    const auto server = Server::create(config, std::move(options));
    if (!server) {
        return cannot_start(server.error(), code_of_failed_start(config));
    }
    write_message(STDERR_FILENO, startup_message((*server)->listening(), config.access.restricted(),
                                                 arguments, host_info()));

    // Serve until a signal or the end of the input.
    if (!(*server)->run()) {
        // The kernel may still use the server's memory: destroy nothing.
        std::_Exit(finish(ExitCode::runtime_failure));
    }
    return finish((*server)->input_useless() ? ExitCode::runtime_failure : ExitCode::ok);
}

int run(std::span<const char* const> arguments) {
    open_standard_descriptors();
    return_freed_memory();

    // Commands that change who may watch, or look at a running server, run no server.
    if (is_access_command(arguments)) {
        return print(run_access_command(arguments));
    }
    if (is_client_command(arguments)) {
        return run_client_command(arguments);
    }
    // Read the command line; some options only print a text.
    const auto parsed = parse_command_line(arguments);
    if (!parsed) {
        return print(parsed.error());
    }
    if (parsed->task != Task::stream) {
        return run_task(*parsed);
    }

    return serve(*parsed, arguments);
}

} // namespace

} // namespace ringcast::app

int main(int argument_count, char** arguments) {
    try {
        return ringcast::app::run({arguments, static_cast<std::size_t>(argument_count)});
    } catch (const std::bad_alloc&) {
        // The loop lets none out, so this is the start: see docs/decisions/0015-out-of-memory.md.
        std::fputs("ringcast: not enough memory to start: see [memory] and [viewers] max in the "
                   "configuration, and the memory limit of this process\n",
                   stderr);
        return static_cast<int>(ringcast::app::ExitCode::cannot_start);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ringcast: can't start: %s\n", error.what());
        return static_cast<int>(ringcast::app::ExitCode::cannot_start);
    }
}
