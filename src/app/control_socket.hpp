#pragma once
// The socket by which `ringcast --reload` asks a running process to read its configuration again, and
// is told the outcome. Both ends are here. The server's end has a thread of its own, which speaks with
// one client at a time, so that the loop never waits for a client.
//
// The client sends "reload\n". The answer is a line "done" or "failed", then a line for each message,
// then the end of the connection. Only the user who runs the server, and root, are answered.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/listeners.hpp"
#include "base/result.hpp"
#include "io/engine.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::app {

/// The outcome of a reload.
struct ReloadReport {
    bool done = false;              ///< false: nothing was changed
    std::vector<std::string> lines; ///< what was done, or what is wrong
    std::uint64_t number = 0;       ///< of the reload, as Reloader::request has returned it
};

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

/// Where the socket of a server with this environment is; empty if there is no place for it:
/// $RUNTIME_DIRECTORY/control.sock, else $XDG_RUNTIME_DIR/ringcast/control.sock.
[[nodiscard]] std::string control_socket_path();

class ControlSocket {
public:
    /// Listens at `path`, whose folder is created (for this user alone) if its parent exists. Fails if
    /// another process listens there.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> create(const std::string& path);
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;
    ControlSocket(ControlSocket&&) = delete;
    ControlSocket& operator=(ControlSocket&&) = delete;
    ~ControlSocket();

    /// The loop: a completion with this token arrives when a client asks.
    void read(io::Engine& engine, io::OpToken token) noexcept { asked_.read(engine, token); }
    /// The loop: the client is told the outcome of this reload, or of a later one.
    void expect(std::uint64_t number) noexcept;
    /// The loop: a reload has ended.
    void deliver(const ReloadReport& report);
    /// The server stops: a client that waits is told so.
    void stop() noexcept;

private:
    ControlSocket() = default;
    void serve() noexcept;
    void answer(int client);
    [[nodiscard]] std::optional<ReloadReport> request_reload();
    [[nodiscard]] bool pause();

    Listener listener_;
    threads::WakeEvent asked_;
    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by the mutex:
    std::uint64_t expected_ = 0;         ///< 0: the loop has not seen the request
    std::optional<ReloadReport> report_; ///< of the newest reload
    bool stopping_ = false;
    std::thread thread_;
};

/// Asks the running server of this user, else the system's, and waits for the outcome. The error says
/// why there is none.
[[nodiscard]] Result<ReloadReport> ask_for_reload();

} // namespace ringcast::app
