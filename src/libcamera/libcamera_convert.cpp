#include "libcamera/libcamera_convert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <libcamera/camera_manager.h>
#include <libcamera/control_ids.h>
#include <libcamera/property_ids.h>
#include <libcamera/version.h>

#include "base/assert.hpp"
#include "base/printable.hpp"
#include "camera/camera_controls.hpp"

namespace ringcast::capture {

namespace {

using config::PictureSize;
using source::CameraControl;
using source::ControlKind;
using Value = config::ControlSetting::Value;
using Numbers = std::vector<double>;

// --- properties of controls that only libcamera 0.4 and later provide ---

#if LIBCAMERA_VERSION_MAJOR == 0 && LIBCAMERA_VERSION_MINOR < 4

/// How many values the control has; 0: any number.
std::uint16_t count_of(const libcamera::ControlId& id) {
    namespace controls = libcamera::controls;
    constexpr std::uint16_t matrix = 9;
    const std::array<std::pair<const libcamera::ControlId*, std::uint16_t>, 4> lists{{
        {&controls::ColourGains, 2},
        {&controls::FrameDurationLimits, 2},
        {&controls::ColourCorrectionMatrix, matrix},
        {&controls::AfWindows, 0},
    }};
    const auto* const found =
        std::ranges::find(lists, &id, [](const auto& list) { return list.first; });
    return found == lists.end() ? 1 : found->second;
}

std::vector<CameraControl::Choice> enumerators_of(const libcamera::ControlId& id) {
    namespace controls = libcamera::controls;
    using Names = std::map<std::string, std::int32_t>;
    const std::array<std::pair<const libcamera::ControlId*, const Names*>, 12> tables{{
        {&controls::AeMeteringMode, &controls::AeMeteringModeNameValueMap},
        {&controls::AeConstraintMode, &controls::AeConstraintModeNameValueMap},
        {&controls::AeExposureMode, &controls::AeExposureModeNameValueMap},
        {&controls::AeFlickerMode, &controls::AeFlickerModeNameValueMap},
        {&controls::AwbMode, &controls::AwbModeNameValueMap},
        {&controls::AfMode, &controls::AfModeNameValueMap},
        {&controls::AfRange, &controls::AfRangeNameValueMap},
        {&controls::AfSpeed, &controls::AfSpeedNameValueMap},
        {&controls::AfMetering, &controls::AfMeteringNameValueMap},
        {&controls::HdrMode, &controls::HdrModeNameValueMap},
        {&controls::draft::NoiseReductionMode, &controls::draft::NoiseReductionModeNameValueMap},
        {&controls::draft::TestPatternMode, &controls::draft::TestPatternModeNameValueMap},
    }};
    std::vector<CameraControl::Choice> choices;
    for (const auto& [control, names] : tables) {
        if (control == &id) {
            for (const auto& [name, value] : *names) {
                choices.push_back({value, name});
            }
        }
    }
    return choices;
}

bool can_be_set(const libcamera::ControlId& /*id*/) {
    return true;
}

#else

std::uint16_t count_of(const libcamera::ControlId& id) {
    if (!id.isArray()) {
        return 1;
    }
    // libcamera represents "any number" by the largest value.
    return id.size() > UINT16_MAX ? 0 : static_cast<std::uint16_t>(id.size());
}

std::vector<CameraControl::Choice> enumerators_of(const libcamera::ControlId& id) {
    std::vector<CameraControl::Choice> choices;
    for (const auto& [value, name] : id.enumerators()) {
        choices.push_back({value, name});
    }
    return choices;
}

bool can_be_set(const libcamera::ControlId& id) {
    return id.isInput();
}

#endif

// --- values ---

/// The double with the same shortest decimal text as the float: 0.1, not 0.10000000149.
double shortest_double(float number) {
    std::array<char, 64> text{};
    const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
    auto result = static_cast<double>(number);
    std::from_chars(text.data(), written.ptr, result);
    return result;
}

template <typename Number>
std::optional<Value> scalar_of(const libcamera::ControlValue& value) {
    Number number{};
    if (value.data().size() < sizeof number) {
        return std::nullopt;
    }
    std::memcpy(&number, value.data().data(), sizeof number);
    if constexpr (std::is_same_v<Number, float>) {
        return shortest_double(number);
    } else if constexpr (std::is_same_v<Number, bool>) {
        return number;
    } else {
        return static_cast<std::int64_t>(number);
    }
}

/// A limit or initial value; a list has one for all its members. None for types like points, whose
/// limits do not apply to single numbers.
std::optional<Value> value_of(const libcamera::ControlValue& value) {
    if (value.isNone() || value.numElements() == 0) {
        return std::nullopt;
    }
    switch (static_cast<int>(value.type())) {
    case libcamera::ControlTypeBool:
        return scalar_of<bool>(value);
    case libcamera::ControlTypeByte:
        return scalar_of<std::uint8_t>(value);
    case libcamera::ControlTypeInteger32:
        return scalar_of<std::int32_t>(value);
    case libcamera::ControlTypeInteger64:
        return scalar_of<std::int64_t>(value);
    case libcamera::ControlTypeFloat:
        return scalar_of<float>(value);
    default:
        return std::nullopt;
    }
}

template <typename Number>
std::pair<Value, Value> limits_of() {
    using Limits = std::numeric_limits<Number>;
    return {std::int64_t{Limits::min()}, std::int64_t{Limits::max()}};
}

/// The range of libcamera's type for a whole number; none for other types.
std::optional<std::pair<Value, Value>> width_of(const libcamera::ControlId& id) {
    switch (static_cast<int>(id.type())) {
    case libcamera::ControlTypeByte:
        return limits_of<std::uint8_t>();
    case libcamera::ControlTypeInteger32:
        return limits_of<std::int32_t>();
    default:
        return std::nullopt;
    }
}

std::optional<ControlKind> kind_of(const libcamera::ControlId& id) {
    switch (static_cast<int>(id.type())) {
    case libcamera::ControlTypeBool:
        return ControlKind::boolean;
    case libcamera::ControlTypeByte:
    case libcamera::ControlTypeInteger32:
    case libcamera::ControlTypeInteger64:
        return ControlKind::integer;
    case libcamera::ControlTypeFloat:
        return ControlKind::number;
    case libcamera::ControlTypeString:
        return ControlKind::text;
    case libcamera::ControlTypeSize:
        return ControlKind::size;
    case libcamera::ControlTypeRectangle:
        return ControlKind::rectangle;
    default:
        return std::nullopt; // the configuration has no notation for it
    }
}

CameraControl describe(const libcamera::ControlId& id, const libcamera::ControlInfo& info,
                       ControlKind kind) {
    CameraControl control;
    control.name = id.name();
    control.kind = kind;
    control.count = count_of(id);
    for (const CameraControl::Choice& choice : enumerators_of(id)) {
        // A camera without a list of values supports all enumerators.
        const bool supported =
            info.values().empty() || std::ranges::any_of(info.values(), [&](const auto& value) {
                return value_of(value) == Value(choice.value);
            });
        if (supported) {
            control.choices.push_back(choice);
        }
    }
    std::ranges::sort(control.choices, {}, &CameraControl::Choice::value);
    if (!control.choices.empty()) {
        control.kind = ControlKind::enumeration;
    } else if (kind != ControlKind::boolean) {
        control.min = value_of(info.min());
        control.max = value_of(info.max());
        if (const auto width = width_of(id)) {
            control.min = control.min.value_or(width->first);
            control.max = control.max.value_or(width->second);
        }
    }
    control.initial = value_of(info.def());
    return control;
}

PictureSize picture_size(const libcamera::Size& size) {
    const auto side = [](unsigned int pixels) {
        return static_cast<std::uint16_t>(std::min<unsigned int>(pixels, UINT16_MAX));
    };
    return {side(size.width), side(size.height)};
}

// --- settings ---

template <typename Member>
libcamera::ControlValue span_value(const std::vector<Member>& members) {
    return {libcamera::Span<const Member>(members.data(), members.size())};
}

template <typename Member>
libcamera::ControlValue numbers_value(const Value& value) {
    if (const auto* list = std::get_if<Numbers>(&value)) {
        std::vector<Member> members;
        for (const double number : *list) {
            members.push_back(static_cast<Member>(number));
        }
        return span_value(members);
    }
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return libcamera::ControlValue(static_cast<Member>(*integer));
    }
    return libcamera::ControlValue(static_cast<Member>(std::get<double>(value)));
}

libcamera::ControlValue rectangles_value(const CameraControl& control, const Numbers& numbers) {
    std::vector<libcamera::Rectangle> rectangles;
    constexpr std::size_t sides = 4;
    for (std::size_t i = 0; i + sides <= numbers.size(); i += sides) {
        rectangles.emplace_back(static_cast<int>(numbers[i]), static_cast<int>(numbers[i + 1]),
                                libcamera::Size(static_cast<unsigned int>(numbers[i + 2]),
                                                static_cast<unsigned int>(numbers[i + 3])));
    }
    return control.count == 1 ? libcamera::ControlValue(rectangles.front())
                              : span_value(rectangles);
}

/// libcamera's type for a text: std::string, since 0.7 std::string_view.
using LibcameraText = std::remove_cv_t<decltype(libcamera::properties::Model)>::type;

/// `value` is a result of match_control.
libcamera::ControlValue libcamera_value(const libcamera::ControlId& id,
                                        const CameraControl& control, const Value& value) {
    switch (static_cast<int>(id.type())) {
    case libcamera::ControlTypeBool:
        return libcamera::ControlValue(std::get<bool>(value));
    case libcamera::ControlTypeByte:
        return numbers_value<std::uint8_t>(value);
    case libcamera::ControlTypeInteger32:
        return numbers_value<std::int32_t>(value);
    case libcamera::ControlTypeInteger64:
        return numbers_value<std::int64_t>(value);
    case libcamera::ControlTypeFloat:
        return numbers_value<float>(value);
    case libcamera::ControlTypeString:
        return {LibcameraText(std::get<std::string>(value))};
    case libcamera::ControlTypeSize: {
        const Numbers& numbers = std::get<Numbers>(value);
        return libcamera::ControlValue(libcamera::Size(static_cast<unsigned int>(numbers[0]),
                                                       static_cast<unsigned int>(numbers[1])));
    }
    default:
        RINGCAST_ASSERT(id.type() == libcamera::ControlTypeRectangle);
        return rectangles_value(control, std::get<Numbers>(value));
    }
}

/// A template, so that it can name an enumerator that not every libcamera has.
template <typename Metadata>
bool has_startup_status(const Metadata& metadata) noexcept {
    if constexpr (requires { Metadata::FrameStartup; }) {
        return metadata.status == Metadata::FrameStartup;
    } else {
        return false;
    }
}

const libcamera::ControlId& find_id(const libcamera::ControlInfoMap& infos,
                                    const std::string& name) {
    const auto found =
        std::ranges::find_if(infos, [&](const auto& entry) { return entry.first->name() == name; });
    RINGCAST_ASSERT(found != infos.end());
    return *found->first;
}

} // namespace

std::string libcamera_version() {
    const std::string& version = libcamera::CameraManager::version();
    return "libcamera " + version.substr(version.starts_with('v') ? 1 : 0);
}

camera::CameraIdentity identity_of(const libcamera::Camera& camera) {
    namespace properties = libcamera::properties;
    const libcamera::ControlList& known = camera.properties();
    camera::CameraIdentity identity;
    // A USB camera names itself as it likes.
    identity.id = printable_text(camera.id());
    identity.model = printable_text(known.get(properties::Model).value_or(camera.id()));
    if (const auto location = known.get(properties::Location)) {
        constexpr std::array<const char*, 3> names{"front", "back", "external"};
        const auto index = static_cast<std::size_t>(*location);
        identity.location = index < names.size() ? names[index] : "";
    }
    if (const auto devices = known.get(properties::SystemDevices)) {
        for (const std::int64_t device : *devices) {
            identity.devices.push_back(static_cast<std::uint64_t>(device));
        }
    }
    return identity;
}

std::unique_ptr<libcamera::CameraConfiguration> video_configuration(libcamera::Camera& camera) {
    auto configuration = camera.generateConfiguration({libcamera::StreamRole::VideoRecording});
    return configuration == nullptr || configuration->empty() ? nullptr : std::move(configuration);
}

std::vector<camera::FormatOffer> offers_of(const libcamera::StreamFormats& formats) {
    std::vector<camera::FormatOffer> offers;
    for (const libcamera::PixelFormat& format : formats.pixelformats()) {
        camera::FormatOffer offer;
        offer.name = format.toString();
        for (const libcamera::Size& size : formats.sizes(format)) {
            offer.sizes.push_back(picture_size(size));
        }
        const libcamera::SizeRange range = formats.range(format);
        if (range.hStep > 0 && range.vStep > 0 && range.min != range.max) {
            offer.range = camera::SizeRange{picture_size(range.min), picture_size(range.max),
                                            static_cast<std::uint16_t>(range.hStep),
                                            static_cast<std::uint16_t>(range.vStep)};
        }
        offers.push_back(std::move(offer));
    }
    return offers;
}

std::vector<CameraControl> controls_of(const libcamera::ControlInfoMap& controls) {
    std::vector<CameraControl> described;
    for (const auto& [id, info] : controls) {
        const auto kind = kind_of(*id);
        if (kind && can_be_set(*id)) {
            described.push_back(describe(*id, info, *kind));
        }
    }
    std::ranges::sort(described, {}, &CameraControl::name);
    return described;
}

Result<libcamera::ControlList> control_list(const libcamera::ControlInfoMap& infos,
                                            const std::vector<config::ControlSetting>& settings,
                                            std::vector<CameraControl>& controls) {
    libcamera::ControlList list(infos);
    for (const config::ControlSetting& setting : settings) {
        const auto match = camera::match_control(controls, setting);
        if (!match) {
            return tl::unexpected(match.error());
        }
        const libcamera::ControlId& id = find_id(infos, setting.name);
        list.set(id.id(), libcamera_value(id, *match->control, match->value));
        std::ranges::find(controls, setting.name, &CameraControl::name)->value = match->value;
    }
    return list;
}

bool is_startup(const libcamera::FrameMetadata& metadata) noexcept {
    return has_startup_status(metadata);
}

ExposureIds exposure_ids() {
    ExposureIds ids;
    for (const auto& [number, id] : libcamera::controls::controls) {
        if (id->name() == "AeLocked") {
            ids.locked = number;
        } else if (id->name() == "AeState") {
            ids.state = number;
        }
    }
    return ids;
}

std::optional<bool> exposure_settled(const libcamera::ControlList& metadata,
                                     const ExposureIds& ids) {
    if (ids.locked != 0 && metadata.contains(ids.locked)) {
        return metadata.get(ids.locked).get<bool>();
    }
    if (ids.state != 0 && metadata.contains(ids.state)) {
        // 0 means idle, for example with manual exposure.
        constexpr std::int32_t searching = 1; // in every version with AeState
        return metadata.get(ids.state).get<std::int32_t>() != searching;
    }
    return std::nullopt;
}

} // namespace ringcast::capture
