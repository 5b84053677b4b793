#pragma once
// Public interface of ringcast, for programs that run the server inside their own process. Depends
// on the C++ standard library only. Link with the CMake target ringcast::server; see tests/embed
// for a program that does, and docs/decisions/0004-public-header.md for what may be relied on.

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ringcast {

/// Version of the library, "MAJOR.MINOR.PATCH".
[[nodiscard]] const char* version() noexcept;

/// A valid configuration: the settings of docs/configuration.md, with at least one stream.
class Config {
public:
    /// From TOML, in a file or as text. Empty on failure, and then `error` has one line for each
    /// mistake: "FILE:LINE:COLUMN: KEY: MESSAGE".
    [[nodiscard]] static std::optional<Config> from_file(const std::string& path,
                                                         std::string& error);
    [[nodiscard]] static std::optional<Config> from_text(const std::string& toml,
                                                         std::string& error);
    Config(Config&& other) noexcept;
    Config& operator=(Config&& other) noexcept;
    Config(const Config&) = delete;
    Config& operator=(const Config&) = delete;
    ~Config();

private:
    friend class Server;
    struct Impl;
    explicit Config(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

/// A server with its streams. One thread creates, runs and destroys it; `stop` may be called from
/// any thread. Two servers in one process are two loops in two threads; only one of them may have
/// cameras.
///
/// Leaves the process alone: signals keep their handlers and masks, and limits on open files and
/// locked memory are used as they are. Its threads inherit the signal mask of the creating thread.
/// SIGCHLD may not be ignored when a source is a program; programs are killed when the thread that
/// runs the server ends. Warnings and errors go to standard error.
class Server {
public:
    /// Listens when it returns; clients are answered once `run` is called. Null on failure, and
    /// then `error` is one line that says what to do.
    [[nodiscard]] static std::unique_ptr<Server> create(const Config& config, std::string& error);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;
    ~Server();

    /// Listening addresses as bound, with the ports that the kernel chose for port 0, in the form
    /// that the configuration uses: "127.0.0.1:8080", "[::1]:8080", "unix:/run/ringcast.sock".
    [[nodiscard]] std::vector<std::string> addresses() const;

    /// Serves until `stop` is called. Once per server. False when an operation of the kernel did
    /// not end in time: the server's memory is then never freed, because the kernel may still use
    /// it.
    [[nodiscard]] bool run() noexcept;

    /// Makes `run` return, after responses under way have had a moment to finish. May be called
    /// before `run`, more than once, from any thread, and from a signal handler.
    void stop() noexcept;

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

} // namespace ringcast
