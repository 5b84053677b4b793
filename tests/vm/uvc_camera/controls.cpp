#include "uvc_camera/controls.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "uvc_camera/byte_writer.hpp"
#include "uvc_camera/requests.hpp"

namespace ringcast::vm {

namespace {

// Control selectors, and the entity id that addresses the interface itself.
constexpr std::uint8_t probe_selector = 1;
constexpr std::uint8_t commit_selector = 2;
constexpr std::uint8_t request_error_selector = 2;
constexpr std::uint8_t whole_interface = 0;

constexpr std::size_t negotiation_bytes = 34;
constexpr std::size_t format_at = 2;
constexpr std::size_t size_at = 3;
constexpr std::size_t interval_at = 4;

Bytes u16(int value) {
    return std::move(ByteWriter().u16(static_cast<std::uint16_t>(value))).take();
}

Negotiation decode(std::span<const std::uint8_t> bytes) {
    Negotiation wanted;
    wanted.format = bytes[format_at];
    wanted.size = bytes[size_at];
    for (std::size_t byte = 0; byte < 4; ++byte) {
        wanted.interval |= std::uint32_t{bytes[interval_at + byte]} << (8 * byte);
    }
    return wanted;
}

} // namespace

Controls::Setup Controls::Setup::of(const std::array<std::uint8_t, 8>& bytes) noexcept {
    const auto field = [&](std::size_t at) {
        return static_cast<std::uint16_t>(bytes.at(at) | bytes.at(at + 1) << 8);
    };
    return {bytes[0], bytes[1], field(2), field(4), field(6)};
}

Controls::Controls(Modes modes, std::string product)
    : modes_(std::move(modes)), product_(std::move(product)), proposed_(possible({})),
      committed_(proposed_) {}

std::optional<Bytes> Controls::answer(const Setup& setup, std::span<const std::uint8_t> given) {
    constexpr std::uint8_t kind_mask = 0x60;
    constexpr std::uint8_t standard_kind = 0x00;
    constexpr std::uint8_t class_kind = 0x20;
    const auto interface = static_cast<std::uint8_t>(setup.index & 0xFF);
    const auto entity = static_cast<std::uint8_t>(setup.index >> 8);
    const auto selector = static_cast<std::uint8_t>(setup.value >> 8);

    std::optional<Bytes> bytes;
    if ((setup.type & kind_mask) == standard_kind) {
        bytes = standard(setup);
    } else if ((setup.type & kind_mask) != class_kind) {
        return std::nullopt;
    } else if (interface == streaming_interface) {
        bytes = negotiate(setup, given);
    } else if (entity == whole_interface) {
        bytes = selector == request_error_selector ? std::optional(Bytes{0}) : std::nullopt;
    } else {
        bytes = unit_controls_.answer(entity, selector, setup.request, given);
    }
    if (bytes && bytes->size() > setup.length) {
        bytes->resize(setup.length);
    }
    return bytes;
}

std::optional<Bytes> Controls::standard(const Setup& setup) const {
    enum Request : std::uint8_t {
        get_status = 0,
        clear_feature = 1,
        set_feature = 3,
        get_descriptor = 6,
        get_configuration = 8,
        set_configuration = 9,
        get_interface = 10,
        set_interface = 11,
    };
    switch (setup.request) {
    case get_status:
        return Bytes{0, 0};
    case get_descriptor:
        return descriptor(static_cast<std::uint8_t>(setup.value >> 8),
                          static_cast<std::uint8_t>(setup.value & 0xFF));
    case get_configuration:
        return Bytes{1};
    case get_interface:
        return Bytes{0};
    case clear_feature:
    case set_feature:
    case set_configuration:
    case set_interface:
        return Bytes{};
    default:
        return std::nullopt;
    }
}

std::optional<Bytes> Controls::descriptor(std::uint8_t type, std::uint8_t index) const {
    constexpr std::uint8_t device = 1;
    constexpr std::uint8_t configuration = 2;
    constexpr std::uint8_t text = 3;
    if (type == device) {
        return device_descriptor();
    }
    if (type == configuration) {
        return configuration_descriptor(modes_);
    }
    if (type != text) {
        return std::nullopt;
    }
    switch (index) {
    case 0:
        return languages_descriptor();
    case manufacturer_string:
        return string_descriptor("ringcast tests");
    case product_string:
        return string_descriptor(product_);
    case serial_string:
        return string_descriptor("0001");
    default:
        return std::nullopt;
    }
}

std::optional<Bytes> Controls::negotiate(const Setup& setup, std::span<const std::uint8_t> given) {
    const auto selector = static_cast<std::uint8_t>(setup.value >> 8);
    if (selector != probe_selector && selector != commit_selector) {
        return std::nullopt;
    }
    switch (setup.request) {
    case request::set_current:
        if (given.size() < interval_at + 4) {
            return std::nullopt;
        }
        proposed_ = possible(decode(given));
        if (selector == commit_selector) {
            committed_ = proposed_;
            commit_pending_ = true;
        }
        return Bytes{};
    case request::get_current:
        return encode(selector == probe_selector ? proposed_ : committed_);
    case request::get_minimum:
    case request::get_default:
        return encode(possible({proposed_.format, proposed_.size, modes_.intervals.front()}));
    case request::get_maximum:
        return encode(possible({proposed_.format, proposed_.size, modes_.intervals.back()}));
    case request::get_length:
        return u16(negotiation_bytes);
    case request::get_info:
        return Bytes{request::readable_and_writable};
    default:
        return std::nullopt;
    }
}

bool Controls::take_commit() noexcept {
    return std::exchange(commit_pending_, false);
}

Mode Controls::mode() const {
    return mode_of(committed_);
}

Mode Controls::mode_of(const Negotiation& negotiation) const {
    const std::vector<Format> formats = modes_.formats();
    return {formats.at(negotiation.format - 1U), negotiation.size - 1U};
}

Negotiation Controls::possible(Negotiation wanted) const {
    const std::vector<Format> formats = modes_.formats();
    if (wanted.format < 1 || wanted.format > formats.size()) {
        wanted.format = 1;
    }
    const std::size_t sizes = modes_.sizes(formats.at(wanted.format - 1U)).size();
    if (wanted.size < 1 || wanted.size > sizes) {
        wanted.size = 1;
    }
    const auto distance = [&](std::uint32_t interval) {
        return std::abs(std::int64_t{interval} - std::int64_t{wanted.interval});
    };
    wanted.interval = *std::ranges::min_element(modes_.intervals, {}, distance);
    return wanted;
}

Bytes Controls::encode(const Negotiation& negotiation) const {
    const Mode mode = mode_of(negotiation);
    ByteWriter out;
    constexpr std::uint32_t interval_is_kept = 1;
    out.u16(interval_is_kept).bytes({negotiation.format, negotiation.size});
    out.u32(negotiation.interval);
    // Key frame rate, P frame rate, compression quality, window size and delay: not used.
    out.u16(0).u16(0).u16(0).u16(0).u16(0);
    out.u32(frame_bytes_max(modes_.sizes(mode.format).at(mode.size))).u32(payload_bytes_max);
    // Frames are distinguished by their id bit, and the end of each frame is marked.
    out.u32(clock_hertz).bytes({3, 1, 1, 1});
    return std::move(out).take();
}

} // namespace ringcast::vm
