#include "capture/v4l2_controls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include "base/assert.hpp"
#include "base/printable.hpp"
#include "base/unique_fd.hpp"
#include "capture/v4l2_devices.hpp"
#include "config/describe.hpp"

namespace ringcast::capture {

namespace {

using source::CameraControl;
using source::ControlKind;

// Bounds of loops whose end the driver decides; uvcvideo has some 40 controls.
constexpr std::size_t controls_max = 256;
constexpr std::int64_t items_max = 256;

/// The types whose value is one number of 32 bits. A button has no value, and drivers of USB cameras
/// use no others.
std::optional<ControlKind> kind_of(std::uint32_t type) noexcept {
    switch (type) {
    case V4L2_CTRL_TYPE_BOOLEAN:
        return ControlKind::boolean;
    case V4L2_CTRL_TYPE_INTEGER:
    case V4L2_CTRL_TYPE_BITMASK:
        return ControlKind::integer;
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU:
        return ControlKind::enumeration;
    default:
        return std::nullopt;
    }
}

CameraControl::Value value_of(ControlKind kind, std::int64_t value) {
    return kind == ControlKind::boolean ? CameraControl::Value(value != 0)
                                        : CameraControl::Value(value);
}

std::int64_t integer_of(const CameraControl::Value& value) {
    const auto* const boolean = std::get_if<bool>(&value);
    return boolean != nullptr ? static_cast<std::int64_t>(*boolean) : std::get<std::int64_t>(value);
}

/// `text` is an array that the text may fill to the end. The device may have written it.
template <typename Array>
std::string text_of(const Array& text) {
    const auto* const begin = reinterpret_cast<const char*>(&text);
    return printable_text({begin, ::strnlen(begin, sizeof text)});
}

class KernelControls final : public V4l2Controls {
public:
    explicit KernelControls(UniqueFd device) noexcept : device_(std::move(device)) {}

    [[nodiscard]] std::vector<CameraControl> list() override {
        std::vector<CameraControl> controls;
        v4l2_query_ext_ctrl query{};
        for (std::size_t i = 0; i < controls_max; ++i) {
            query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
            if (::ioctl(device_.get(), VIDIOC_QUERY_EXT_CTRL, &query) != 0) {
                break;
            }
            const auto kind = kind_of(query.type);
            const std::string name = camera::v4l2_name(text_of(query.name));
            // The first of two controls with one name is the one that the name refers to.
            const bool named =
                !name.empty() &&
                std::ranges::find(controls, name, &CameraControl::name) == controls.end();
            if (kind && named && (query.flags & V4L2_CTRL_FLAG_DISABLED) == 0) {
                controls.push_back(describe(query, *kind));
            }
        }
        return controls;
    }

    [[nodiscard]] int set(const CameraControl& control, std::int64_t value) override {
        v4l2_ext_control one{};
        one.id = control.v4l2_id;
        one.value = static_cast<std::int32_t>(value);
        return transfer(VIDIOC_S_EXT_CTRLS, one);
    }

private:
    CameraControl describe(const v4l2_query_ext_ctrl& query, ControlKind kind) {
        CameraControl control;
        control.name = camera::v4l2_name(text_of(query.name));
        control.v4l2_id = query.id;
        control.kind = kind;
        control.inactive = (query.flags & V4L2_CTRL_FLAG_INACTIVE) != 0;
        control.read_only = (query.flags & V4L2_CTRL_FLAG_READ_ONLY) != 0;
        control.initial = value_of(kind, query.default_value);
        if (kind == ControlKind::integer) {
            control.min = query.minimum;
            control.max = query.maximum;
            control.step = static_cast<std::int64_t>(query.step);
        } else if (kind == ControlKind::enumeration) {
            control.choices = items(query);
        }
        const bool bits = query.type == V4L2_CTRL_TYPE_BITMASK;
        if (bits) {
            control.min = std::int64_t{0};
            control.step.reset();
        }
        v4l2_ext_control current{};
        current.id = query.id;
        if ((query.flags & V4L2_CTRL_FLAG_WRITE_ONLY) == 0 &&
            transfer(VIDIOC_G_EXT_CTRLS, current) == 0) {
            const std::int32_t value = current.value;
            control.current =
                value_of(kind, bits ? std::int64_t{static_cast<std::uint32_t>(value)} : value);
        }
        return control;
    }

    /// Those that the camera supports.
    std::vector<CameraControl::Choice> items(const v4l2_query_ext_ctrl& query) {
        std::vector<CameraControl::Choice> choices;
        for (std::int64_t index = query.minimum;
             index <= std::min(query.maximum, query.minimum + items_max); ++index) {
            v4l2_querymenu item{};
            item.id = query.id;
            item.index = static_cast<std::uint32_t>(index);
            if (::ioctl(device_.get(), VIDIOC_QUERYMENU, &item) == 0) {
                choices.push_back({index, query.type == V4L2_CTRL_TYPE_INTEGER_MENU
                                              ? fmt::format("{}", std::int64_t{item.value})
                                              : text_of(item.name)});
            }
        }
        return choices;
    }

    int transfer(unsigned long request, v4l2_ext_control& control) {
        v4l2_ext_controls controls{};
        controls.which = V4L2_CTRL_WHICH_CUR_VAL;
        controls.count = 1;
        controls.controls = &control;
        return ::ioctl(device_.get(), request, &controls) == 0 ? 0 : errno;
    }

    UniqueFd device_;
};

/// Of a USB camera, whose V4L2 device is the camera. The devices of other cameras, such as a
/// receiver of pictures and a sensor, are controlled by libcamera's algorithms.
bool is_usb_camera(const UniqueFd& device) noexcept {
    v4l2_capability capability{};
    return device.valid() && ::ioctl(device.get(), VIDIOC_QUERYCAP, &capability) == 0 &&
           text_of(capability.driver) == "uvcvideo" &&
           (capability.device_caps & V4L2_CAP_VIDEO_CAPTURE) != 0;
}

void update(std::vector<CameraControl>& controls, V4l2Controls& device) {
    for (CameraControl& now : device.list()) {
        const auto known = std::ranges::find(controls, now.v4l2_id, &CameraControl::v4l2_id);
        if (known != controls.end()) {
            now.value = std::move(known->value);
            *known = std::move(now);
        }
    }
}

OpenFailure refused(std::string message) {
    return {camera::OpenError::refused, std::move(message),
            "the camera can't do what its configuration asks"};
}

OpenFailure failure_of(const CameraControl& control, std::int64_t value, int error) {
    std::string message = fmt::format("control {} can't be set to {}: {}", control.name,
                                      config::control_value_text(value_of(control.kind, value)),
                                      std::strerror(error));
    switch (error) {
    case ENODEV:
        return {camera::OpenError::absent, "the camera has just been unplugged",
                "the camera is not there"};
    case EACCES:
    case EILSEQ: // uvcvideo's, for a value that the camera rejects
    case EINVAL:
    case EPERM:
    case ERANGE:
        return refused(std::move(message));
    default: // a fault of the connection or of the camera, which may be over at the next try
        return {camera::OpenError::unusable, std::move(message), "the camera failed"};
    }
}

CameraControl& find_control(std::vector<CameraControl>& controls, std::uint32_t id) {
    const auto found = std::ranges::find(controls, id, &CameraControl::v4l2_id);
    RINGCAST_ASSERT(found != controls.end());
    return *found;
}

} // namespace

std::unique_ptr<V4l2Controls> open_v4l2_controls(std::span<const std::uint64_t> devices) {
    for (const std::uint64_t number : devices) {
        const std::string path = device_path(number);
        UniqueFd device(path.empty() ? -1 : ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
        if (is_usb_camera(device)) {
            return std::make_unique<KernelControls>(std::move(device));
        }
    }
    return nullptr;
}

tl::expected<void, OpenFailure> set_v4l2_controls(V4l2Controls& device,
                                                  std::span<const camera::V4l2Setting> settings,
                                                  std::vector<CameraControl>& controls) {
    std::optional<OpenFailure> failure;
    std::size_t tried = 0;
    while (!failure && tried < settings.size()) {
        const camera::V4l2Setting& setting = settings[tried++];
        CameraControl& control = find_control(controls, setting.id);
        if (const int error = device.set(control, setting.value); error != 0) {
            failure = failure_of(control, setting.value, error);
        } else {
            control.value = value_of(control.kind, setting.value);
        }
    }
    update(controls, device);
    // Some drivers refuse to set an inactive control, with an error that does not say so; others
    // ignore the value.
    for (const camera::V4l2Setting& setting : settings.first(tried)) {
        if (const CameraControl& control = find_control(controls, setting.id); control.inactive) {
            return tl::unexpected(refused(camera::inactive_text(controls, control)));
        }
    }
    if (failure) {
        return tl::unexpected(std::move(*failure));
    }
    return {};
}

tl::expected<void, OpenFailure> change_v4l2_controls(V4l2Controls& device,
                                                     std::span<const camera::V4l2Setting> settings,
                                                     std::vector<CameraControl>& controls) {
    const std::vector<CameraControl> before = device.list();
    std::vector<CameraControl> changed = controls;
    auto outcome = set_v4l2_controls(device, settings, changed);
    if (outcome) {
        controls = std::move(changed);
        return outcome;
    }
    // In the opposite order: a manual value is set while its automatic control is still off.
    for (std::size_t left = settings.size(); left > 0; --left) {
        const camera::V4l2Setting& setting = settings[left - 1];
        const auto known = std::ranges::find(before, setting.id, &CameraControl::v4l2_id);
        if (known != before.end() && known->current) {
            static_cast<void>(device.set(*known, integer_of(*known->current)));
        }
    }
    return outcome;
}

} // namespace ringcast::capture
