#pragma once
// The thread in which a camera is opened and closed, and the way from the camera's own threads to
// the loop: bounded queues, and an event that the loop reads through the engine. Does not know why
// a camera is opened, or what its frames are for.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>

#include <tl/expected.hpp>

#include "capture/camera_device.hpp"
#include "container/spsc_queue.hpp"
#include "threads/mailbox.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::capture {

class CameraThread final : public CameraEvents {
public:
    using Opened = tl::expected<OpenedCamera, OpenFailure>;
    /// The answer to `close` is empty.
    using Answer = std::optional<Opened>;

    /// `device` outlives the thread and is used by nobody else, but for `queue`.
    explicit CameraThread(CameraDevice& device) noexcept : device_(device) {}
    CameraThread(const CameraThread&) = delete;
    CameraThread& operator=(const CameraThread&) = delete;
    CameraThread(CameraThread&&) = delete;
    CameraThread& operator=(CameraThread&&) = delete;
    /// The thread has been joined.
    ~CameraThread() override;

    // --- the loop's side ---

    /// False when the system has no descriptor or thread left.
    [[nodiscard]] bool begin() noexcept;
    /// A completion with `token` follows when one of the calls below has something new.
    void read_wakes(io::Engine& engine, io::OpToken token) noexcept {
        loop_wake_.read(engine, token);
    }
    /// One at a time: the next one after the answer to the one before.
    void open() noexcept { command(Command::open); }
    void close() noexcept { command(Command::close); }
    /// The thread ends; the camera is closed.
    void finish() noexcept { command(Command::finish); }
    /// Joins the thread if it has ended; true then, and before it was begun.
    bool join_finished() noexcept;
    [[nodiscard]] bool joined() const noexcept { return !thread_.joinable(); }

    [[nodiscard]] std::optional<Answer> take_answer() noexcept { return answers_.pop(); }
    [[nodiscard]] std::optional<CapturedFrame> take_frame() noexcept { return frames_.pop(); }
    [[nodiscard]] bool take_unplugged() noexcept { return unplugged_.exchange(false); }
    [[nodiscard]] bool take_cameras_changed() noexcept { return changed_.exchange(false); }

    // --- CameraEvents: the camera's side ---

    void frame_done(const CapturedFrame& frame) noexcept override;
    void unplugged() noexcept override;
    void cameras_changed() noexcept override;

private:
    enum class Command : std::uint8_t { open, close, finish };

    void command(Command command) noexcept { commands_.put(command); }
    void run() noexcept;
    void answer(Answer answer) noexcept;

    CameraDevice& device_;
    threads::WakeEvent loop_wake_;
    threads::Mailbox<Command> commands_; ///< one is under way at a time
    std::thread thread_;
    std::atomic<bool> finished_{false};
    std::atomic<bool> unplugged_{false};
    std::atomic<bool> changed_{false};
    container::SpscQueue<Answer, 1> answers_;
    /// Each buffer is here at most once, and once more from the camera before this one.
    container::SpscQueue<CapturedFrame, 2 * camera_buffers_max> frames_;
};

} // namespace ringcast::capture
