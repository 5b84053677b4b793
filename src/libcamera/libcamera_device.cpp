#include "libcamera/libcamera_device.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <fmt/core.h>
#include <libcamera/color_space.h>
#include <libcamera/control_ids.h>

#include "base/assert.hpp"
#include "camera/capture_time.hpp"
#include "camera/control_plan.hpp"
#include "camera/focus.hpp"
#include "camera/sensor_hdr.hpp"
#include "camera/sensor_mode.hpp"
#include "capture/camera_access.hpp"
#include "capture/tuning_file.hpp"
#include "capture/v4l2_devices.hpp"
#include "config/keys.hpp"
#include "config/units.hpp"
#include "libcamera/libcamera_failure.hpp"
#include "libcamera/libcamera_rate.hpp"
#include "libcamera/libcamera_turn.hpp"
#include "libcamera/sensor_modes.hpp"
#include "os/clock.hpp"
#include "os/mapped_memory.hpp"

namespace ringcast::capture {

namespace {

using config::PictureSize;

/// Without information from the camera: the defaults of V4L2 and libcamera.
void set_colour(OpenedCamera& opened, const std::optional<libcamera::ColorSpace>& space) {
    using libcamera::ColorSpace;
    const bool full = space && space->range == ColorSpace::Range::Full;
    const bool bt709 = space && space->ycbcrEncoding == ColorSpace::YcbcrEncoding::Rec709;
    opened.colour_range = full ? encode::ColourRange::full : encode::ColourRange::limited;
    opened.colour_matrix = bt709 ? encode::ColourMatrix::bt709 : encode::ColourMatrix::bt601;
}

camera::ClockReadings read_clocks() noexcept {
    timespec since_boot{};
    ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return {os::monotonic_now(),
            std::chrono::seconds(since_boot.tv_sec) + Duration(since_boot.tv_nsec), os::wall_now()};
}

std::vector<PlanePlace> planes_of(const libcamera::FrameBuffer& buffer) {
    std::vector<PlanePlace> planes;
    for (const libcamera::FrameBuffer::Plane& plane : buffer.planes()) {
        planes.push_back({plane.fd.get(), plane.offset, plane.length});
    }
    return planes;
}

} // namespace

LibcameraDevice::LibcameraDevice(CameraManagerOwner& manager, config::LibcameraConfig wanted,
                                 const PictureTurn& turn, std::string tuning)
    : manager_(manager), wanted_(std::move(wanted)), turn_(turn), tuning_(std::move(tuning)),
      exposure_ids_(exposure_ids()) {}

LibcameraDevice::~LibcameraDevice() {
    RINGCAST_ASSERT(camera_ == nullptr);
    RINGCAST_ASSERT(events_ == nullptr);
}

// --- opening ---

tl::expected<OpenedCamera, OpenFailure> LibcameraDevice::open(CameraEvents& events,
                                                              const Settings& settings) {
    if (events_ == nullptr) {
        events_ = &events;
        manager_.add_listener(events);
    }
    OpenedCamera opened;
    opened.library = libcamera_version();
    auto step = find_camera();
    if (step) {
        opened.identity = identity_of(*camera_);
        opened.driver = driver_of(opened.identity.devices);
        step = check_start_settings(opened);
    }
    if (step) {
        step = configure(opened);
    }
    if (step) {
        step = make_buffers(opened);
    }
    if (step) {
        step = start(opened, settings);
    }
    if (!step) {
        close();
        return tl::unexpected(step.error());
    }
    return opened;
}

LibcameraDevice::Step LibcameraDevice::find_camera() {
    auto cameras = manager_.cameras();
    if (!cameras) {
        return failure(camera::OpenError::unusable, cameras.error().message, "the camera failed");
    }
    std::vector<camera::CameraIdentity> identities;
    for (const auto& camera : *cameras) {
        identities.push_back(identity_of(*camera));
    }
    const auto device =
        camera::names_device(wanted_.camera) ? device_number(wanted_.camera) : std::nullopt;
    const auto match = camera::match_camera(identities, wanted_.camera, device);
    if (match) {
        camera_ = (*cameras)[*match];
        return {};
    }
    if (!match.error().absent) {
        return failure(camera::OpenError::refused, match.error().message, match.error().reason);
    }
    if (const auto problem = camera_permission_problem()) {
        // While there are other cameras libcamera is not restarted, so permission would not help.
        return failure(identities.empty() ? camera::OpenError::forbidden
                                          : camera::OpenError::absent,
                       *problem, "no permission to open the camera");
    }
    return failure(camera::OpenError::absent, match.error().message, match.error().reason);
}

/// Settings that were applied before libcamera started have to suit this camera.
LibcameraDevice::Step LibcameraDevice::check_start_settings(const OpenedCamera& opened) const {
    std::string refusal =
        tuning_refusal(tuning_, wanted_.tuning, opened.identity.model, opened.driver);
    if (refusal.empty() && wanted_.hdr) {
        refusal = camera::hdr_refusal(opened.identity.model);
    }
    return refusal.empty() ? Step() : refused(std::move(refusal));
}

LibcameraDevice::Step LibcameraDevice::configure(OpenedCamera& opened) {
    if (const int error = camera_->acquire(); error < 0) {
        return failed_call("acquired", -error);
    }
    acquired_ = true;
    const std::vector<source::SensorMode> modes = manager_.sensor_modes().modes_of(*camera_);
    configuration_ = video_configuration(*camera_);
    if (configuration_ == nullptr) {
        return failure(camera::OpenError::unusable, "the camera offers no video stream",
                       "the camera failed");
    }
    libcamera::StreamConfiguration& stream = configuration_->at(0);
    const auto choice =
        camera::choose_offer(offers_of(stream.formats()), wanted_.format, wanted_.size);
    if (!choice) {
        return refused(choice.error().message);
    }
    stream.pixelFormat = libcamera::PixelFormat::fromString(choice->format);
    stream.size = libcamera::Size(choice->size.width, choice->size.height);
    stream.bufferCount = camera::buffer_count(choice->format);
    if (choice->format != camera::mjpeg_format) {
        stream.colorSpace = libcamera::ColorSpace::Sycc; // JPEG's own
    }
    configuration_->orientation = orientation_of(turn_);
    const auto sensor =
        camera::choose_sensor_mode(modes, wanted_.sensor, choice->size, wanted_.fps);
    if (!sensor) {
        return refused(sensor.error().message);
    }
    const source::SensorMode* mode = nullptr;
    if (*sensor) {
        mode = &modes[(*sensor)->mode];
        opened.sensor_note = (*sensor)->note;
        configuration_->sensorConfig = sensor_configuration(*mode);
    }
    const auto status = configuration_->validate();
    // Where the camera can't turn its pictures in this way, libcamera says how it will deliver them.
    opened.turn = turn_between(configuration_->orientation, orientation_of(turn_));
    if (status == libcamera::CameraConfiguration::Invalid ||
        stream.pixelFormat.toString() != choice->format ||
        stream.size.width != choice->size.width || stream.size.height != choice->size.height) {
        return refused(fmt::format("the camera rejects {} in {}; it would use {}", choice->format,
                                   config::picture_size_text(choice->size), stream.toString()));
    }
    if (const int error = camera_->configure(configuration_.get()); error < 0) {
        return failed_call("configured", -error);
    }
    opened.format = choice->format;
    opened.size = choice->size;
    opened.stride = stream.stride;
    set_colour(opened, stream.colorSpace);
    opened.sensor = sensor_status(*camera_, modes, mode, choice->size);
    opened.controls = controls_of(camera_->controls());
    return {};
}

LibcameraDevice::Step LibcameraDevice::make_buffers(OpenedCamera& opened) {
    const libcamera::StreamConfiguration& stream = configuration_->at(0);
    const bool jpeg = opened.format == camera::mjpeg_format;
    // JPEG is sent from the buffers, and memory from a heap can't be registered.
    if (!jpeg) {
        const std::string& fallback = heap_fallback_.reason(os::monotonic_now());
        opened.memory_reason = fallback.empty() ? memory_.allocate_from_heap(stream) : fallback;
    }
    if (memory_.heap().empty()) {
        if (const int error = memory_.allocate_from_camera(camera_, stream); error != 0) {
            return failed_call("given memory", error);
        }
    }
    opened.memory = memory_.heap().empty() ? "libcamera" : memory_.heap();
    const std::size_t margin = jpeg ? os::system_page_bytes() : 0;
    for (libcamera::FrameBuffer* const frame_buffer : memory_.buffers()) {
        if (opened.buffers.size() == camera_buffers_max) {
            break; // the others are not needed
        }
        auto buffer = CameraBuffer::map(planes_of(*frame_buffer), margin);
        if (!buffer) {
            return failure(camera::OpenError::unusable, buffer.error().message,
                           "the camera failed");
        }
        auto request = camera_->createRequest(opened.buffers.size());
        if (request == nullptr || request->addBuffer(stream.stream(), frame_buffer) < 0) {
            return failed_call("given requests", EINVAL);
        }
        requests_.push_back({std::move(request), false});
        opened.buffers.push_back(std::move(*buffer));
    }
    return {};
}

LibcameraDevice::Step LibcameraDevice::start(OpenedCamera& opened, const Settings& settings) {
    const auto plan = plan_controls(opened, settings);
    if (!plan) {
        return tl::unexpected(plan.error());
    }
    auto controls = control_list(camera_->controls(), plan->libcamera, opened.controls);
    if (!controls) {
        return refused(controls.error().message);
    }
    opened.focus = camera::focus_text(opened.controls, settings);
    opened.rate =
        set_frame_rate(camera_->controls(), *controls, opened.identity.devices, wanted_.fps);
    camera_->requestCompleted.connect(this, &LibcameraDevice::request_completed);
    camera_->disconnected.connect(this, &LibcameraDevice::disconnected);
    if (const int error = camera_->start(&*controls); error < 0) {
        const Step step = memory_.heap().empty() ? failed_call("started", -error)
                                                 : start_without_heap(opened, *controls, -error);
        if (!step) {
            return step;
        }
    }
    // After the start, because some cameras forget them when their stream begins.
    if (Step step = set_v4l2_controls(plan->v4l2, opened); !step) {
        return step;
    }
    // After controls that can be refused: they are no reason to doubt the memory.
    heap_fallback_.on_started(memory_.heap());
    // Some drivers accept controls at the start, others only with a request.
    if (!requests_.empty()) {
        requests_.front().request->controls().merge(*controls);
    }
    return {};
}

LibcameraDevice::Step LibcameraDevice::start_without_heap(OpenedCamera& opened,
                                                          libcamera::ControlList& controls,
                                                          int error) {
    heap_fallback_.fall_back(fmt::format("the camera does not start with memory from {}: {}",
                                         memory_.heap(), std::strerror(error)),
                             os::monotonic_now());
    opened.buffers.clear();
    release_buffers();
    if (const Step step = make_buffers(opened); !step) {
        return step;
    }
    if (const int again = camera_->start(&controls); again < 0) {
        heap_fallback_.withdraw(); // the memory was not the cause
        return failed_call("started", -again);
    }
    return {};
}

void LibcameraDevice::close() noexcept {
    if (camera_ == nullptr) {
        return;
    }
    // A camera that was not acquired may be used by another stream, and must not be stopped.
    if (std::exchange(acquired_, false)) {
        // No-op if the camera was unplugged.
        camera_->stop();
        camera_->requestCompleted.disconnect(this);
        camera_->disconnected.disconnect(this);
        // Waits for libcamera's thread, so that no queued request is pending any more.
        camera_->release();
    }
    release_buffers();
    heap_fallback_.on_stopped(os::monotonic_now());
    configuration_.reset();
    next_controls_.clear();
    camera_.reset();
}

void LibcameraDevice::release_buffers() noexcept {
    requests_.clear();
    memory_.release();
}

void LibcameraDevice::stop_events() noexcept {
    if (events_ != nullptr) {
        manager_.remove_listener(*std::exchange(events_, nullptr));
    }
}

// --- running ---

bool LibcameraDevice::queue(std::uint32_t buffer) noexcept {
    QueuedRequest& queued = requests_[buffer];
    if (std::exchange(queued.used, true)) {
        queued.request->reuse(libcamera::Request::ReuseBuffers);
    }
    {
        const std::lock_guard lock(controls_mutex_);
        queued.request->controls().merge(next_controls_);
        next_controls_.clear();
    }
    // Checks the request and sends a message to libcamera's thread; does not call the driver.
    return camera_->queueRequest(queued.request.get()) == 0;
}

// Called by libcamera's thread, like everything below.
void LibcameraDevice::request_completed(libcamera::Request* request) {
    camera::CapturedFrame frame;
    frame.buffer = static_cast<std::uint32_t>(request->cookie());
    if (request->status() == libcamera::Request::RequestCancelled) {
        // The camera is being stopped, or the driver rejected the buffer or its controls.
        frame.refused = true;
        events_->frame_done(frame);
        return;
    }
    heap_fallback_.confirm();
    const libcamera::FrameMetadata& metadata = request->buffers().begin()->second->metadata();
    const libcamera::ControlList& values = request->metadata();
    frame.startup = is_startup(metadata);
    frame.whole = metadata.status == libcamera::FrameMetadata::FrameSuccess || frame.startup;
    frame.bytes = metadata.planes().empty() ? 0 : metadata.planes()[0].bytesused;
    frame.sequence = metadata.sequence;
    const auto stamp = values.get(libcamera::controls::SensorTimestamp);
    const camera::CaptureTime time = camera::capture_time(
        stamp ? static_cast<std::uint64_t>(*stamp) : metadata.timestamp, read_clocks());
    frame.captured_at = time.at;
    frame.captured = time.wall;
    frame.exposure_settled = exposure_settled(values, exposure_ids_);
    events_->frame_done(frame);
}

void LibcameraDevice::disconnected() {
    heap_fallback_.confirm(); // the unplug explains missing frames
    events_->unplugged();
}

} // namespace ringcast::capture
