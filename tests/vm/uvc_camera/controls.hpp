#pragma once
// The emulated camera's control endpoint: standard requests (USB 2.0 chapter 9), stream negotiation,
// and the controls of its units (UVC 1.1 chapter 4). No I/O.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "uvc_camera/descriptors.hpp"
#include "uvc_camera/modes.hpp"
#include "uvc_camera/unit_controls.hpp"

namespace ringcast::vm {

/// Maximum size of a payload, header included.
inline constexpr std::uint32_t payload_bytes_max = 16384;

/// The variable fields of the stream negotiation (UVC 1.1 table 4-75).
struct Negotiation {
    std::uint8_t format = 1;    ///< index, counted from 1
    std::uint8_t size = 1;      ///< index, counted from 1
    std::uint32_t interval = 0; ///< in units of 100 ns
};

class Controls {
public:
    Controls(Modes modes, std::string product);

    /// The fields of a request (USB 2.0 table 9-2).
    struct Setup {
        std::uint8_t type = 0;
        std::uint8_t request = 0;
        std::uint16_t value = 0;
        std::uint16_t index = 0;
        std::uint16_t length = 0;

        [[nodiscard]] static Setup of(const std::array<std::uint8_t, 8>& bytes) noexcept;
        [[nodiscard]] bool to_host() const noexcept { return (type & 0x80) != 0; }
    };

    /// The camera's answer, truncated to the requested length; none if it does not support the
    /// request (a stall). `given` is the data sent with the request.
    [[nodiscard]] std::optional<Bytes> answer(const Setup& setup,
                                              std::span<const std::uint8_t> given);

    /// True once after each commit of a mode by the host.
    [[nodiscard]] bool take_commit() noexcept;
    /// The control that the host has set with the last request, once.
    [[nodiscard]] std::optional<UnitControls::Change> take_change() noexcept {
        return unit_controls_.take_change();
    }
    [[nodiscard]] Mode mode() const;
    [[nodiscard]] std::uint32_t interval() const noexcept { return committed_.interval; }

private:
    [[nodiscard]] std::optional<Bytes> standard(const Setup& setup) const;
    [[nodiscard]] std::optional<Bytes> descriptor(std::uint8_t type, std::uint8_t index) const;
    [[nodiscard]] std::optional<Bytes> negotiate(const Setup& setup,
                                                 std::span<const std::uint8_t> given);
    /// The supported mode and interval closest to `wanted`.
    [[nodiscard]] Negotiation possible(Negotiation wanted) const;
    [[nodiscard]] Bytes encode(const Negotiation& negotiation) const;
    [[nodiscard]] Mode mode_of(const Negotiation& negotiation) const;

    Modes modes_;
    std::string product_;
    Negotiation proposed_;
    Negotiation committed_;
    bool commit_pending_ = false;
    UnitControls unit_controls_;
};

} // namespace ringcast::vm
