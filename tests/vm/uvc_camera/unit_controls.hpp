#pragma once
// The controls of the emulated camera's terminal and processing unit (UVC 1.1 sections 4.2.2.1 and
// 4.2.2.3): their ranges, values, and requests. No I/O.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "uvc_camera/descriptors.hpp"

namespace ringcast::vm {

class UnitControls {
public:
    UnitControls();

    struct Change {
        std::string_view name; ///< as in the specification: "focus_auto"
        std::int32_t value = 0;
    };

    /// The answer to a request for a control; none if there is no such control, or if it does not
    /// support the request (a stall). `given` is the data sent with the request.
    [[nodiscard]] std::optional<Bytes> answer(std::uint8_t entity, std::uint8_t selector,
                                              std::uint8_t request,
                                              std::span<const std::uint8_t> given);
    /// The value set by the last `answer`, once.
    [[nodiscard]] std::optional<Change> take_change() noexcept;

private:
    struct Control {
        std::string_view name;
        std::uint8_t entity;
        std::uint8_t selector;
        std::uint8_t bytes;
        std::int32_t min;
        std::int32_t max;
        std::int32_t resolution; ///< for the exposure mode: a bitmap of the supported modes
        std::int32_t initial;
        std::int32_t value;
    };
    [[nodiscard]] static std::vector<Control> made();

    std::vector<Control> controls_;
    std::optional<Change> change_;
};

} // namespace ringcast::vm
