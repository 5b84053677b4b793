#pragma once
// Paints "no signal" pictures in a thread of its own. The loop requests a picture; an eventfd that
// it reads through the engine signals that the picture is ready. Knows no slots and no viewers.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "source/placeholder_painter.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::draw {

class PlaceholderWorker final : public source::PlaceholderPainter {
public:
    /// Fails when no descriptor or thread is available; throws std::bad_alloc without memory.
    [[nodiscard]] static Result<std::unique_ptr<PlaceholderWorker>> create(io::Engine& engine);
    /// Public only for `create`.
    PlaceholderWorker(io::Engine& engine, threads::WakeEvent wake);
    PlaceholderWorker(const PlaceholderWorker&) = delete;
    PlaceholderWorker& operator=(const PlaceholderWorker&) = delete;
    PlaceholderWorker(PlaceholderWorker&&) = delete;
    PlaceholderWorker& operator=(PlaceholderWorker&&) = delete;
    /// Stopped, or never used: a server that can't start destroys it before its loop has run, when
    /// the engine has submitted nothing yet.
    ~PlaceholderWorker() override;

    void request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                 std::uint16_t width, std::uint16_t height) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] ConstByteSpan picture(io::StreamId stream) const noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override { return !thread_.joinable(); }

private:
    struct Request {
        io::StreamId stream;
        std::uint64_t number = 0; ///< counts the requests of all streams
        std::string stream_name;
        std::string reason;
        std::uint16_t width = 0;
        std::uint16_t height = 0;
    };
    struct Painted {
        io::StreamId stream;
        std::uint64_t number = 0; ///< of its request
        std::vector<std::byte> jpeg;
    };
    /// The loop's state of a stream.
    struct Stream {
        std::uint64_t newest = 0;  ///< number of the newest request
        std::uint64_t painted = 0; ///< number of the request that `jpeg` answers
        std::vector<std::byte> jpeg;
    };

    void add_request(io::StreamId stream, std::string_view stream_name, std::string_view reason,
                     std::uint16_t width, std::uint16_t height);
    void run() noexcept;
    void paint(const Request& request);
    [[nodiscard]] std::optional<Request> wait_for_request() noexcept;
    void read_wakes() noexcept;

    io::Engine* engine_;
    threads::WakeEvent wake_;
    std::vector<Stream> streams_;
    std::uint64_t requests_ = 0;

    // Shared by both threads; the lock is held only while values are moved.
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Request> waiting_; ///< at most one per stream
    std::vector<Painted> painted_; ///< not taken by the loop yet
    bool stop_asked_ = false;

    std::atomic<bool> finished_{false};
    std::thread thread_;
};

} // namespace ringcast::draw
