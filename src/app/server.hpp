#pragma once
// Wires a configuration into a running relay: engine, memory, sources, viewers, signals. The command
// line, listening sockets and what is said to the user are not known here.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "app/stop_requests.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"
#include "frame/frame_arena.hpp"
#include "os/mapped_memory.hpp"
#include "relay/relay.hpp"
#include "source/frame_source.hpp"
#include "source/placeholder_painter.hpp"
#include "uring/uring_engine.hpp"

namespace ringcast::app {

class Server {
public:
    /// Takes SIGTERM and SIGINT for the whole process: they are blocked and read through the engine.
    /// `listeners` are listening sockets that stay the caller's. `locked_memory_max`: what this
    /// user may lock, bytes. `ends_with_input`: the process ends some seconds after the default
    /// stream's source has come to its end. The error is one line that says what to do.
    [[nodiscard]] static Result<std::unique_ptr<Server>> create(const config::Config& config,
                                                                std::span<const int> listeners,
                                                                std::uint64_t locked_memory_max,
                                                                bool ends_with_input);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;
    ~Server();

    /// Serves until a signal or the input's end. True when everything was ended in order.
    [[nodiscard]] bool run() noexcept;

private:
    /// One stream's memory and what writes into it.
    struct StreamParts {
        os::MappedMemory memory;
        std::unique_ptr<frame::FrameArena> arena;
        std::unique_ptr<source::FrameSource> source;
        std::string tier_reason;
    };

    Server() = default;
    [[nodiscard]] Result<void> open_signals();
    [[nodiscard]] Result<StreamParts> make_stream(const config::Config& config,
                                                  const config::StreamConfig& stream);
    [[nodiscard]] Result<io::BufferId> register_frames(ByteSpan memory);
    [[nodiscard]] relay::RelaySettings relay_settings(const config::Config& config) const;
    void read_signals() noexcept;
    void on_signal(const io::Completion& completion) noexcept;
    void begin_stop() noexcept;
    [[nodiscard]] Instant end_of_input() noexcept;

    // In the order of their making: the relay is destroyed first, the engine last.
    std::unique_ptr<uring::UringEngine> engine_;
    std::unique_ptr<http::Boundary> boundary_;
    std::unique_ptr<capture::Cameras> cameras_; ///< when a stream is a camera
    std::vector<StreamParts> streams_;
    std::unique_ptr<source::PlaceholderPainter> painter_;
    UniqueFd signals_;
    std::array<std::byte, 128> signal_info_{}; ///< one struct signalfd_siginfo
    std::unique_ptr<relay::Relay> relay_;
    std::uint32_t default_stream_ = 0;
    Duration registration_patience_{}; ///< what is left of it
    bool ends_with_input_ = false;
    StopRequests stop_requests_; ///< by signals
    bool stopping_ = false;      ///< asked to, or the input has ended
    Instant end_at_ = never;     ///< when the ended input ends the process
};

} // namespace ringcast::app
