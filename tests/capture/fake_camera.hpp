#pragma once
// A camera that the test controls: its buffers are memory files, its thread is the test's.

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/unique_fd.hpp"
#include "camera/camera_controls.hpp"
#include "capture/camera_device.hpp"
#include "os/dmabuf_log.hpp"

namespace ringcast::test {

/// The test's side of the camera. Must outlive the source, which owns the device.
class FakeCamera {
public:
    static constexpr std::size_t buffer_bytes = 128UL * 1024UL;
    static constexpr std::uint32_t buffer_count = 4;

    std::string format = "MJPEG";
    config::PictureSize size{64, 48};
    std::uint32_t stride = 0;
    std::uint32_t buffers_made = buffer_count;
    PictureTurn turn;     ///< what it leaves to do
    bool startup = false; ///< frames are marked as too early to be shown
    encode::ColourRange colour_range = encode::ColourRange::full;
    encode::ColourMatrix colour_matrix = encode::ColourMatrix::bt601;
    std::vector<source::CameraControl> controls;
    camera::RatePlan rate;
    /// Called when a buffer is queued: whether it is being accessed.
    std::function<bool(ino_t file)> in_use;
    bool queued_in_use = false; ///< a buffer was queued while it was accessed
    Duration begin{};           ///< the time of the frame with sequence number 0

    /// Queues a failure: each `open` or `set_controls` fails with the first one in the queue, and succeeds if it is
    /// empty.
    void fail_next(capture::OpenFailure failure) {
        const std::lock_guard lock(mutex_);
        failures_.push_back(std::move(failure));
    }
    /// Each `set_controls` waits until the test lets it go on.
    void hold_controls(bool held) {
        const std::lock_guard lock(mutex_);
        controls_held_ = held;
        changed_.notify_all();
    }
    /// The settings of the last `open` or `set_controls` that has begun.
    [[nodiscard]] std::vector<config::ControlSetting> settings() {
        const std::lock_guard lock(mutex_);
        return settings_;
    }
    /// The next `open` or `set_controls` throws an exception.
    void throw_next() {
        const std::lock_guard lock(mutex_);
        throws_ = true;
    }
    [[nodiscard]] int opens() { return locked(opens_); }
    [[nodiscard]] int closes() { return locked(closes_); }
    /// The file that replaces the buffer's dmabuf.
    [[nodiscard]] ino_t file_of(std::uint32_t buffer) {
        const std::lock_guard lock(mutex_);
        return inode_of(files_[buffer].get());
    }
    [[nodiscard]] std::size_t queued_count() {
        const std::lock_guard lock(mutex_);
        return queued_.size();
    }

    /// Fills the buffer that was queued first. False if none is queued.
    bool capture(std::string_view bytes, std::uint64_t sequence, bool whole = true,
                 std::optional<bool> exposure_settled = {}) {
        camera::CapturedFrame frame;
        {
            const std::lock_guard lock(mutex_);
            if (queued_.empty() || events_ == nullptr) {
                return false;
            }
            frame.buffer = queued_.front();
            queued_.pop_front();
        }
        RINGCAST_ASSERT(::pwrite(files_[frame.buffer].get(), bytes.data(), bytes.size(), 0) ==
                        static_cast<ssize_t>(bytes.size()));
        frame.whole = whole;
        frame.bytes = bytes.size();
        frame.sequence = static_cast<std::uint32_t>(sequence);
        frame.captured_at = Instant(begin + std::chrono::milliseconds(33) * sequence);
        frame.captured = WallTime(begin + std::chrono::milliseconds(33) * sequence);
        frame.exposure_settled = exposure_settled;
        frame.startup = startup;
        events_->frame_done(frame);
        return true;
    }
    /// Returns the buffer that was queued first without filling it. False if none is queued.
    bool refuse() {
        camera::CapturedFrame frame;
        frame.refused = true;
        {
            const std::lock_guard lock(mutex_);
            if (queued_.empty() || events_ == nullptr) {
                return false;
            }
            frame.buffer = queued_.front();
            queued_.pop_front();
        }
        events_->frame_done(frame);
        return true;
    }
    void unplug() { events_->unplugged(); }
    void change_cameras() { events_->cameras_changed(); }

private:
    friend class FakeDevice;

    int locked(const int& value) {
        const std::lock_guard lock(mutex_);
        return value;
    }

    std::mutex mutex_;
    std::deque<capture::OpenFailure> failures_;
    std::deque<std::uint32_t> queued_;
    std::vector<UniqueFd> files_;
    capture::CameraEvents* events_ = nullptr;
    bool throws_ = false;
    bool controls_held_ = false;
    std::condition_variable changed_;
    std::vector<config::ControlSetting> settings_;
    int opens_ = 0;
    int closes_ = 0;
};

class FakeDevice final : public capture::CameraDevice {
public:
    explicit FakeDevice(FakeCamera& camera) : camera_(camera) {}

    [[nodiscard]] tl::expected<capture::OpenedCamera, capture::OpenFailure>
    open(capture::CameraEvents& events, const Settings& settings) override {
        const std::lock_guard lock(camera_.mutex_);
        camera_.events_ = &events;
        ++camera_.opens_;
        camera_.settings_ = settings;
        if (auto failure = fail()) {
            return tl::unexpected(std::move(*failure));
        }
        capture::OpenedCamera opened;
        opened.identity = {"id-of-it", "a camera", "front", {}};
        opened.library = "none";
        opened.format = camera_.format;
        opened.size = camera_.size;
        opened.stride = camera_.stride;
        opened.turn = camera_.turn;
        opened.colour_range = camera_.colour_range;
        opened.colour_matrix = camera_.colour_matrix;
        opened.driver = "fakevideo";
        opened.controls = camera_.controls;
        opened.rate = camera_.rate;
        opened.memory = "files";
        opened.memory_reason = "it is a test";
        camera_.files_.clear();
        for (std::uint32_t i = 0; i < camera_.buffers_made; ++i) {
            UniqueFd file(::memfd_create("camera", MFD_CLOEXEC));
            RINGCAST_ASSERT(::ftruncate(file.get(), FakeCamera::buffer_bytes) == 0);
            const capture::PlanePlace place{file.get(), 0, FakeCamera::buffer_bytes};
            const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
            opened.buffers.push_back(
                capture::CameraBuffer::map({&place, 1}, camera_.format == "MJPEG" ? page : 0)
                    .value());
            camera_.files_.push_back(std::move(file));
        }
        return opened;
    }
    [[nodiscard]] tl::expected<Controls, capture::OpenFailure>
    set_controls(Controls controls, const Settings& settings) override {
        std::unique_lock lock(camera_.mutex_);
        camera_.settings_ = settings;
        camera_.changed_.wait(lock, [this] { return !camera_.controls_held_; });
        if (auto failure = fail()) {
            return tl::unexpected(std::move(*failure));
        }
        for (const config::ControlSetting& setting : settings) {
            std::ranges::find(controls, setting.name, &source::CameraControl::name)->value =
                camera::match_control(controls, setting).value().value;
        }
        return controls;
    }
    void close() noexcept override {
        const std::lock_guard lock(camera_.mutex_);
        ++camera_.closes_;
        camera_.queued_.clear();
    }
    void stop_events() noexcept override {
        const std::lock_guard lock(camera_.mutex_);
        camera_.events_ = nullptr;
    }
    [[nodiscard]] bool queue(std::uint32_t buffer) noexcept override {
        const std::lock_guard lock(camera_.mutex_);
        camera_.queued_.push_back(buffer);
        if (camera_.in_use && camera_.in_use(inode_of(camera_.files_[buffer].get()))) {
            camera_.queued_in_use = true;
        }
        return true;
    }

private:
    std::optional<capture::OpenFailure> fail() {
        if (std::exchange(camera_.throws_, false)) {
            throw std::runtime_error("the library throws");
        }
        if (camera_.failures_.empty()) {
            return std::nullopt;
        }
        auto failure = std::move(camera_.failures_.front());
        camera_.failures_.pop_front();
        return failure;
    }

    FakeCamera& camera_;
};

} // namespace ringcast::test
