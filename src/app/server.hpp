#pragma once
// Builds a running server from a configuration: listening sockets, engine, memory, sources, relay.
// Does not know the command line, or what is printed to the user.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/control_socket.hpp"
#include "app/limits.hpp"
#include "app/listeners.hpp"
#include "app/memory_reserve.hpp"
#include "app/reloader.hpp"
#include "app/server_parts.hpp"
#include "app/service_manager.hpp"
#include "app/stop_requests.hpp"
#include "base/immovable.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "os/mapped_memory.hpp"
#include "os/spawn.hpp"
#include "relay/relay.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::app {

struct ServerOptions {
    /// How much memory this user may lock, bytes.
    std::uint64_t locked_memory_max = 0;
    /// How many files this process may have open. Fewer viewers than configured are admitted where
    /// they would not suffice.
    std::uint64_t open_files_max = 0;
    /// Soft limits of programs that are sources; those of this process where it has no value.
    os::SoftLimits program_limits{};
    /// Stop some seconds after the source of the default stream has ended.
    bool ends_with_input = false;
    /// Handle the signals of `open_signals`, which are then blocked. Those that stop the server end
    /// the process the second time.
    bool handles_signals = false;
    /// SIGHUP puts the configuration that this returns into force, unless it means that the terminal is
    /// gone. Empty: SIGHUP stops the server. Called in a thread of its own.
    LoadConfig load{};
    /// Where `ringcast --reload` reaches this process (control_socket_path); empty: nowhere.
    std::string control_socket{};
    /// Is told when the server is ready and when it stops, and that the loop turns.
    ServiceManager service_manager{};
    /// Serve the addresses of the configuration that name them or that they are bound to. Others
    /// are served too, instead of the default address.
    std::vector<PassedSocket> passed_sockets{};
};

/// Created, run and destroyed by one thread.
class Server : private Immovable {
public:
    /// Listens as soon as it is created. The error is one line that says what to do.
    [[nodiscard]] static Result<std::unique_ptr<Server>> create(const config::Config& config,
                                                                ServerOptions options);
    ~Server();

    /// Addresses as bound: numeric, with the ports that the kernel chose; and whether they are open.
    [[nodiscard]] std::vector<config::ListenConfig> listening() const;
    /// Serves until `stop`, a signal or the end of the input. False when an operation did not end
    /// in time: the kernel may still use the server's memory, so it may not be destroyed.
    [[nodiscard]] bool run() noexcept;
    /// `ringcast -`: true exactly when its input has ended without a frame.
    [[nodiscard]] bool input_useless() const noexcept { return input_useless_; }
    /// Makes `run` return soon, also when it is called before `run`. From any thread or signal
    /// handler.
    void stop() const noexcept { stop_event_.wake(); }

private:
    explicit Server(LoadConfig load) : reloader_(parts_, std::move(load)) {}
    [[nodiscard]] Result<void> open_listening(const config::Config& config,
                                              std::vector<PassedSocket> sockets);
    [[nodiscard]] Result<void> make_random_parts();
    [[nodiscard]] Result<void> open_sources(const config::Config& config);
    [[nodiscard]] Result<void> open_access(const config::Config& config,
                                           relay::RelaySettings& settings);
    [[nodiscard]] Result<void> open_relay(const relay::RelaySettings& settings);
    [[nodiscard]] relay::RelaySettings relay_settings(const config::Config& config,
                                                      const ConnectionLimits& limits) const;
    void read_signals() noexcept;
    void read_stop_event() noexcept;
    void read_control_socket() noexcept;
    void open_control_socket(const std::string& path);
    void on_control(const io::Completion& completion) noexcept;
    void on_signal(const io::Completion& completion) noexcept;
    void handle_signal(int signal) noexcept;
    [[nodiscard]] std::uint64_t begin_reload() noexcept;
    void on_stop_signal() noexcept;
    void toggle_draining() noexcept;
    void begin_stop() noexcept;
    void tell_ready() const noexcept;
    [[nodiscard]] Instant end_of_input() noexcept;

    ServerParts parts_;
    Reloader reloader_;
    std::unique_ptr<ControlSocket> control_socket_; ///< present when a client can ask for a reload
    UniqueFd signals_;                              ///< empty unless the server handles signals
    std::array<std::byte, 128> signal_info_{};      ///< one struct signalfd_siginfo
    threads::WakeEvent stop_event_;
    std::optional<MemoryReserve> reserve_; ///< empty in a program that embeds the server
    std::uint32_t default_stream_ = 0;
    Duration registration_patience_{}; ///< what is left of it
    ServiceManager service_manager_;
    bool ends_with_input_ = false;
    bool reloads_ = false;
    bool had_terminal_ = false;  ///< when the server was created
    StopRequests stop_requests_; ///< by signals
    bool stopping_ = false;
    bool draining_ = false;
    bool input_useless_ = false;
    Instant end_at_ = never; ///< when the server stops because the input has ended
};

} // namespace ringcast::app
