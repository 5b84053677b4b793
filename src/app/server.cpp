#include "app/server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/signalfd.h>

#include "app/logging.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "config/listen_address.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

/// How long viewers see that the input has ended before the server stops.
constexpr Duration input_ended_shown_for = std::chrono::seconds(5);
/// The relay bounds the time it takes to stop; this is for an operation that never completes.
constexpr Duration stop_bound = std::chrono::seconds(8);
static_assert(sizeof(signalfd_siginfo) == 128, "the kernel's layout");

} // namespace

// --- running ---

void Server::read_signals() noexcept {
    parts_.engine->read({io::OpKind::control, signal_operation, 1}, signals_.get(), signal_info_);
}

void Server::read_stop_event() noexcept {
    stop_event_.read(*parts_.engine, {io::OpKind::control, stop_operation, 1});
}

void Server::read_control_socket() noexcept {
    control_socket_->read(*parts_.engine, {io::OpKind::control, control_operation, 1});
}

void Server::on_control(const io::Completion& completion) noexcept {
    switch (completion.token.slot) {
    case signal_operation:
        on_signal(completion);
        break;
    case stop_operation:
        completion.result > 0 ? begin_stop() : read_stop_event();
        break;
    case reload_operation:
        reloader_.on_prepared();
        break;
    case control_operation:
        if (completion.result > 0) {
            control_socket_->expect(begin_reload());
        }
        read_control_socket();
        break;
    case memory_operation:
        reloader_.on_released(completion.token.generation);
        break;
    default:
        break;
    }
}

void Server::on_signal(const io::Completion& completion) noexcept {
    if (completion.result == -EINTR || completion.result == -EAGAIN) {
        read_signals();
        return;
    }
    if (completion.result != static_cast<std::int32_t>(signal_info_.size())) {
        log(LogLevel::error, "signals can't be read any more (error {})", -completion.result);
        return;
    }
    signalfd_siginfo info{};
    std::memcpy(&info, signal_info_.data(), sizeof info);
    handle_signal(static_cast<int>(info.ssi_signo));
    read_signals();
}

void Server::handle_signal(int signal) noexcept {
    if (signal == SIGUSR1) {
        return toggle_draining();
    }
    const bool terminal_gone = had_terminal_ && !has_terminal();
    if (signal != SIGHUP || !reloads_ || terminal_gone) {
        return on_stop_signal();
    }
    static_cast<void>(begin_reload());
}

/// Returns the number of the reload.
std::uint64_t Server::begin_reload() noexcept {
    service_manager_.reloading(os::monotonic_now());
    return reloader_.request();
}

void Server::toggle_draining() noexcept {
    draining_ = !draining_;
    parts_.relay->set_draining(draining_);
    if (draining_) {
        log(LogLevel::info, "draining for maintenance: new viewers are refused, and /healthz "
                            "answers 503, until SIGUSR1 is sent again");
    } else {
        log(LogLevel::info, "draining has ended: new viewers are admitted");
    }
}

void Server::on_stop_signal() noexcept {
    switch (stop_requests_.take(parts_.engine->now())) {
    case StopRequests::Meaning::stop:
        log(LogLevel::info, "stopping; a second signal ends the process at once");
        begin_stop();
        break;
    case StopRequests::Meaning::repeated:
        break;
    case StopRequests::Meaning::at_once:
        std::_Exit(EXIT_FAILURE);
    }
}

void Server::begin_stop() noexcept {
    if (!stopping_) {
        stopping_ = true;
        service_manager_.stopping();
        reloader_.stop();
        if (control_socket_) {
            control_socket_->stop();
        }
        parts_.relay->stop();
        stop_listening(parts_.listeners);
    }
}

Instant Server::end_of_input() noexcept {
    if (!ends_with_input_ || stopping_ || !parts_.relay->stream(default_stream_).source_ended()) {
        return never;
    }
    if (parts_.streams[default_stream_].source->counters().frames == 0) {
        input_useless_ = true; // nobody has seen a picture that could stay for a while
        begin_stop();
        return never;
    }
    if (end_at_ == never) {
        end_at_ = parts_.engine->now() + input_ended_shown_for;
    }
    if (parts_.engine->now() < end_at_) {
        return end_at_;
    }
    begin_stop();
    return never;
}

void Server::tell_ready() const noexcept {
    try {
        std::vector<std::string> addresses;
        addresses.reserve(parts_.listeners.size());
        for (const Listener& listener : parts_.listeners) {
            addresses.push_back(config::listen_address_text(listener.address));
        }
        const std::size_t count = parts_.config.streams.size();
        service_manager_.ready(fmt::format("{} stream{} on {}", count, count == 1 ? "" : "s",
                                           fmt::join(addresses, ", ")));
    } catch (const std::bad_alloc&) {
        service_manager_.ready("");
    }
}

bool Server::run() noexcept {
    parts_.relay->set_control_handler(
        [this](const io::Completion& completion) { on_control(completion); });
    parts_.relay->set_status_hook([this](api::RelayCounters& counters) {
        counters.ring_enters = parts_.engine->system_calls();
        counters.log_lines_dropped = log_lines_dropped();
    });
    reloader_.set_report([this](const ReloadReport& report) {
        tell_ready();
        if (control_socket_) {
            control_socket_->deliver(report);
        }
    });
    if (signals_.valid()) {
        read_signals();
    }
    read_stop_event();
    if (control_socket_) {
        read_control_socket();
    }
    parts_.relay->start();
    tell_ready();
    Instant stop_by = never;
    while (!parts_.relay->finished()) {
        reloader_.step();
        const Instant alive_by = service_manager_.keep_alive(parts_.engine->now());
        parts_.relay->turn(reloader_.busy() ? Instant{}
                                            : std::min({end_of_input(), stop_by, alive_by}));
        if (reserve_) {
            reserve_->refill();
        }
        if (stopping_ && stop_by == never) {
            stop_by = parts_.engine->now() + stop_bound;
        }
        if (parts_.engine->now() >= stop_by) {
            log(LogLevel::error, "an operation did not end in time; leaving it behind");
            return false;
        }
    }
    return true;
}

} // namespace ringcast::app
