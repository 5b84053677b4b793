#pragma once
// The thread that opens and closes a camera, and the path from the camera's own threads to the
// loop: bounded queues, and an eventfd that the loop reads through the engine. Does not know why a
// camera is opened, or how its frames are used.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include <tl/expected.hpp>

#include "capture/camera_device.hpp"
#include "container/spsc_queue.hpp"
#include "threads/mailbox.hpp"
#include "threads/wake_event.hpp"

namespace ringcast::capture {

class CameraThread final : public CameraEvents {
public:
    using Opened = tl::expected<OpenedCamera, OpenFailure>;
    using ControlsSet = tl::expected<CameraDevice::Controls, OpenFailure>;
    struct Closed {};
    /// Of `open`, `set_controls` and `close`.
    using Answer = std::variant<Opened, ControlsSet, Closed>;

    /// `device` must outlive the thread. Others may call only its `queue`.
    explicit CameraThread(CameraDevice& device) noexcept : device_(device) {}
    CameraThread(const CameraThread&) = delete;
    CameraThread& operator=(const CameraThread&) = delete;
    CameraThread(CameraThread&&) = delete;
    CameraThread& operator=(CameraThread&&) = delete;
    /// The thread must have been joined.
    ~CameraThread() override;

    // --- the loop's side ---

    /// False if no descriptor or thread is available.
    [[nodiscard]] bool begin() noexcept;
    /// A completion with `token` arrives when one of the calls below has a new result.
    void read_wakes(io::Engine& engine, io::OpToken token) noexcept {
        loop_wake_.read(engine, token);
    }
    // These are called only after the answer to the call before was taken.
    void open(CameraDevice::Settings settings) noexcept {
        commands_.put(Open{std::move(settings)});
    }
    void set_controls(CameraDevice::Controls controls, CameraDevice::Settings settings) noexcept {
        commands_.put(SetControls{std::move(controls), std::move(settings)});
    }
    void close() noexcept { commands_.put(Close{}); }
    /// Ends the thread; the camera must be closed.
    void finish() noexcept { commands_.put(Finish{}); }
    /// Joins the thread if it has ended. True if none is running.
    bool join_finished() noexcept;
    [[nodiscard]] bool joined() const noexcept { return !thread_.joinable(); }

    [[nodiscard]] std::optional<Answer> take_answer() noexcept { return answers_.pop(); }
    [[nodiscard]] std::optional<camera::CapturedFrame> take_frame() noexcept {
        return frames_.pop();
    }
    [[nodiscard]] bool take_unplugged() noexcept { return unplugged_.exchange(false); }
    [[nodiscard]] bool take_cameras_changed() noexcept { return changed_.exchange(false); }

    // --- CameraEvents: the camera's side ---

    void frame_done(const camera::CapturedFrame& frame) noexcept override;
    void unplugged() noexcept override;
    void cameras_changed() noexcept override;

private:
    struct Open {
        CameraDevice::Settings settings;
    };
    struct SetControls {
        CameraDevice::Controls controls;
        CameraDevice::Settings settings;
    };
    struct Close {};
    struct Finish {};
    using Command = std::variant<Open, SetControls, Close, Finish>;

    void run() noexcept;
    [[nodiscard]] Answer execute(const Open& open) noexcept;
    [[nodiscard]] Answer execute(SetControls& set) noexcept;
    void answer(Answer answer) noexcept;

    CameraDevice& device_;
    threads::WakeEvent loop_wake_;
    threads::Mailbox<Command> commands_; ///< one at a time
    std::thread thread_;
    std::atomic<bool> finished_{false};
    std::atomic<bool> unplugged_{false};
    std::atomic<bool> changed_{false};
    container::SpscQueue<Answer, 1> answers_;
    /// Each buffer at most once for the open camera, and once for the one before.
    container::SpscQueue<camera::CapturedFrame, 2 * camera_buffers_max> frames_;
};

} // namespace ringcast::capture
