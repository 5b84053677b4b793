#pragma once
// The emulated camera's control endpoint: standard requests (USB 2.0 chapter 9), the negotiation of
// a stream and one control, brightness (UVC 1.1 chapter 4). Pure.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "uvc_camera/descriptors.hpp"
#include "uvc_camera/modes.hpp"

namespace ringcast::vm {

/// The most bytes that one payload has, header included.
inline constexpr std::uint32_t payload_bytes_max = 16384;

/// What host and camera agree on before a stream (UVC 1.1 table 4-75), less what nobody changes.
struct Negotiation {
    std::uint8_t format = 1;    ///< from 1
    std::uint8_t size = 1;      ///< from 1
    std::uint32_t interval = 0; ///< 100 ns
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

    /// What the camera answers, at most as long as was asked for; none when it does not know the
    /// request (a stall). `given` is what came with the request.
    [[nodiscard]] std::optional<Bytes> answer(const Setup& setup,
                                              std::span<const std::uint8_t> given);

    /// True once after each time the host has settled on a mode.
    [[nodiscard]] bool take_commit() noexcept;
    [[nodiscard]] Mode mode() const;
    [[nodiscard]] std::uint32_t interval() const noexcept { return committed_.interval; }

private:
    [[nodiscard]] std::optional<Bytes> standard(const Setup& setup) const;
    [[nodiscard]] std::optional<Bytes> descriptor(std::uint8_t type, std::uint8_t index) const;
    [[nodiscard]] std::optional<Bytes> negotiate(const Setup& setup,
                                                 std::span<const std::uint8_t> given);
    [[nodiscard]] std::optional<Bytes> brightness(const Setup& setup,
                                                  std::span<const std::uint8_t> given);
    /// The nearest that the camera can do.
    [[nodiscard]] Negotiation possible(Negotiation wanted) const;
    [[nodiscard]] Bytes encode(const Negotiation& negotiation) const;
    [[nodiscard]] Mode mode_of(const Negotiation& negotiation) const;

    Modes modes_;
    std::string product_;
    Negotiation proposed_;
    Negotiation committed_;
    bool commit_pending_ = false;
    std::int16_t brightness_ = 0;
};

} // namespace ringcast::vm
