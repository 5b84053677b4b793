#include "app/service_manager.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/log.hpp"

namespace ringcast::app {

namespace {

constexpr int first_passed_fd = 3; // SD_LISTEN_FDS_START

/// The variable's value, which is removed.
std::optional<std::string> take_variable(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::string text = value;
    ::unsetenv(name);
    return text;
}

std::optional<std::int64_t> take_number(const char* name) {
    const auto text = take_variable(name);
    std::int64_t number = 0;
    const char* const end = text ? text->data() + text->size() : nullptr;
    if (!text || std::from_chars(text->data(), end, number).ptr != end) {
        return std::nullopt;
    }
    return number;
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    while (true) {
        const std::size_t colon = text.find(':');
        names.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) {
            return names;
        }
        text.remove_prefix(colon + 1);
    }
}

} // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    const auto address = take_variable("NOTIFY_SOCKET");
    const auto watchdog_usec = take_number("WATCHDOG_USEC");
    const auto watchdog_pid = take_number("WATCHDOG_PID");
    if (!address) {
        return manager;
    }
    auto socket = os::DatagramSocket::open(*address);
    if (!socket) {
        log(LogLevel::warning, "the service manager can't be told anything: {}",
            socket.error().message);
        return manager;
    }
    manager.socket_ = std::move(*socket);
    if (watchdog_usec.value_or(0) > 0 && watchdog_pid.value_or(::getpid()) == ::getpid()) {
        // The half, as sd_watchdog_enabled(3) recommends.
        manager.alive_interval_ = std::chrono::microseconds(*watchdog_usec) / 2;
    }
    return manager;
}

void ServiceManager::ready(std::string_view status) const {
    status.empty() ? send("READY=1") : send(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::reloading(Instant now) const noexcept {
    const auto usec =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    std::array<char, 64> message{};
    const auto end =
        fmt::format_to_n(message.data(), message.size(), "RELOADING=1\nMONOTONIC_USEC={}", usec);
    send({message.data(), end.size});
}

void ServiceManager::stopping() const noexcept {
    send("STOPPING=1");
}

Instant ServiceManager::keep_alive(Instant now) noexcept {
    if (alive_interval_ == Duration::zero()) {
        return never;
    }
    if (now >= alive_at_) {
        send("WATCHDOG=1");
        alive_at_ = now + alive_interval_;
    }
    return alive_at_;
}

void ServiceManager::send(std::string_view message) const noexcept {
    if (socket_) {
        static_cast<void>(socket_->send(message));
    }
}

std::vector<PassedSocket> take_passed_sockets() {
    const auto count = take_number("LISTEN_FDS");
    const auto pid = take_number("LISTEN_PID");
    const std::vector<std::string> names =
        split_names(take_variable("LISTEN_FDNAMES").value_or(""));
    std::vector<PassedSocket> sockets;
    if (pid != ::getpid()) {
        return sockets; // for a process that has started this one
    }
    for (std::int64_t i = 0; i < count.value_or(0); ++i) {
        const int fd = first_passed_fd + static_cast<int>(i);
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            log(LogLevel::warning, "the service manager has passed only {} of {} sockets", i,
                *count);
            break;
        }
        const auto position = static_cast<std::size_t>(i);
        sockets.push_back({UniqueFd(fd), position < names.size() ? names[position] : ""});
    }
    return sockets;
}

} // namespace ringcast::app
