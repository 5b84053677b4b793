#include "app/control_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "os/unix_address.hpp"

namespace ringcast::app {

namespace {

constexpr std::string_view request_text = "reload\n";
constexpr std::string_view done_line = "done\n";
constexpr std::string_view failed_line = "failed\n";
/// A client sends its request at once, and reads the answer.
constexpr int client_timeout_s = 2;
/// Resolving names and taking memory from the system may take long; nothing else does.
constexpr auto reload_timeout = std::chrono::seconds(60);
constexpr int answer_timeout_s = 65;
constexpr auto accept_pause = std::chrono::milliseconds(100);
/// More than a configuration has mistakes.
constexpr std::size_t answer_bytes_max = 1024UL * 1024UL;
/// RuntimeDirectory= of the unit.
constexpr std::string_view system_path = "/run/ringcast/control.sock";

std::string_view variable(const char* name) noexcept {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string joined(std::string_view folder, std::string_view rest) {
    std::string path(folder);
    path.append(rest);
    return path;
}

void set_timeouts(int fd, int receive_s, int send_s) noexcept {
    const timeval receive{receive_s, 0};
    const timeval send{send_s, 0};
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive));
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send));
}

bool may_ask(int client) noexcept {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
}

void send_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::string text_of(const ReloadReport& report) {
    std::string text(report.done ? done_line : failed_line);
    for (const std::string& line : report.lines) {
        text.append(line).append("\n");
    }
    return text;
}

/// Empty if nobody listens there.
UniqueFd connect_to(const std::string& path) noexcept {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid() || path.empty() || !os::fits_unix_address(path)) {
        return {};
    }
    const sockaddr_un address = os::unix_address(path);
    if (::connect(fd.get(), os::generic(address), sizeof address) != 0) {
        return {};
    }
    return fd;
}

} // namespace

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string control_socket_path() {
    // systemd separates several by colons.
    const std::string_view own = variable("RUNTIME_DIRECTORY");
    if (!own.empty()) {
        return joined(own.substr(0, own.find(':')), "/control.sock");
    }
    const std::string_view of_user = variable("XDG_RUNTIME_DIR");
    return of_user.empty() ? std::string() : joined(of_user, "/ringcast/control.sock");
}

// --- the server's end ---

Result<std::unique_ptr<ControlSocket>> ControlSocket::create(const std::string& path) {
    if (!os::fits_unix_address(path)) {
        return fail(fmt::format("the path {} is too long for a socket", path));
    }
    const std::string folder = path.substr(0, path.rfind('/'));
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return fail(fmt::format("{} can't be created: {}", folder, std::strerror(errno)));
    }
    config::ListenConfig listen{config::ListenUnix{path}};
    listen.mode = S_IRUSR | S_IWUSR;
    auto listeners = open_listeners(std::span(&listen, 1), {});
    if (!listeners) {
        return tl::unexpected(listeners.error());
    }
    std::unique_ptr<ControlSocket> control(new ControlSocket());
    control->listener_ = std::move(listeners->front());
    if (!control->asked_.open()) {
        return fail(std::string("no event descriptor can be opened: ") + std::strerror(errno));
    }
    try {
        control->thread_ = std::thread([server = control.get()] { server->serve(); });
    } catch (const std::system_error& error) {
        return fail(std::string("no thread can be started: ") + error.what());
    }
    return control;
}

ControlSocket::~ControlSocket() {
    stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void ControlSocket::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    stop_listening(listener_);
}

void ControlSocket::expect(std::uint64_t number) noexcept {
    {
        const std::lock_guard lock(mutex_);
        expected_ = number;
    }
    changed_.notify_all(); // that one may have ended at once
}

void ControlSocket::deliver(const ReloadReport& report) {
    {
        const std::lock_guard lock(mutex_);
        report_ = report;
    }
    changed_.notify_all();
}

void ControlSocket::serve() noexcept {
    while (true) {
        pollfd listening{listener_.fd.get(), POLLIN, 0}; // a listener does not block
        static_cast<void>(::poll(&listening, 1, -1));
        const UniqueFd client(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (client.valid()) {
            try {
                answer(client.get());
            } catch (const std::bad_alloc&) {
                continue; // the client sees a connection that ends without an answer
            }
            continue;
        }
        if (!pause()) { // out of descriptors, for example
            return;
        }
    }
}

/// Returns false if the server stops.
bool ControlSocket::pause() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, accept_pause, [this] { return stopping_; });
}

/// Waits for the outcome; nothing if there is none in time.
std::optional<ReloadReport> ControlSocket::request_reload() {
    std::unique_lock lock(mutex_);
    expected_ = 0;
    asked_.wake();
    const auto reported = [this] {
        return expected_ != 0 && report_ && report_->number >= expected_;
    };
    changed_.wait_for(lock, reload_timeout, [&] { return reported() || stopping_; });
    return reported() ? report_ : std::nullopt;
}

void ControlSocket::answer(int client) {
    set_timeouts(client, client_timeout_s, client_timeout_s);
    std::array<char, 64> request{}; // it arrives as it was sent, at once
    // The analyzer takes the lock of an earlier request_reload for held.
    // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
    const ssize_t received = ::recv(client, request.data(), request.size(), 0);
    if (received <= 0) {
        return;
    }
    // Only now: a client gets no answer from a socket that is closed with its request unread.
    if (!may_ask(client)) {
        return send_all(client, "failed\nonly the user who runs ringcast may ask it\n");
    }
    if (std::string_view(request.data(), static_cast<std::size_t>(received)) != request_text) {
        return send_all(client, "failed\nthis version of ringcast does not know the request\n");
    }
    const std::optional<ReloadReport> report = request_reload();
    if (!report) {
        return send_all(client, "failed\nringcast stops, or takes too long: see its log\n");
    }
    send_all(client, text_of(*report));
}

// --- the client's end ---

Result<ReloadReport> ask_for_reload() {
    const std::string own = control_socket_path();
    UniqueFd fd = connect_to(own);
    if (!fd.valid()) {
        fd = connect_to(std::string(system_path));
    }
    if (!fd.valid()) {
        return fail(
            fmt::format("no running ringcast answers at {}{}: it must run as this user, or as "
                        "a service that root asks, with a configuration file. SIGHUP "
                        "reloads it too",
                        own.empty() ? "" : joined(own, " or "), system_path));
    }
    set_timeouts(fd.get(), answer_timeout_s, client_timeout_s);
    send_all(fd.get(), request_text);
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t received = 0;
    while (text.size() < answer_bytes_max &&
           (received = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(received));
    }
    ReloadReport report;
    report.done = text.starts_with(done_line);
    if (received != 0 || (!report.done && !text.starts_with(failed_line))) {
        return fail("the running ringcast did not answer in time: see its log");
    }
    std::string_view rest(text);
    rest.remove_prefix(rest.find('\n') + 1);
    report.lines = lines_of(rest);
    return report;
}

} // namespace ringcast::app
