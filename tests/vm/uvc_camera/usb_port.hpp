#pragma once
// A port of the kernel's virtual USB host controller (module vhci-hcd), into which a device is
// plugged that lives in this process: the two speak USB/IP (Documentation/usb/usbip_protocol.rst of
// Linux) over a socket pair. Knows nothing of cameras.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::vm {

struct UsbRequest {
    enum class Kind : std::uint8_t {
        control,  ///< of endpoint 0, with `setup`
        transfer, ///< of another endpoint
        unlink,   ///< takes the request `unlinked` back
    };
    Kind kind = Kind::control;
    bool to_host = false;
    std::uint32_t sequence = 0;
    std::uint32_t length = 0; ///< bytes wanted or given
    std::uint32_t unlinked = 0;
    std::array<std::uint8_t, 8> setup{};
    std::vector<std::uint8_t> data; ///< given
};

class UsbPort {
public:
    /// Plugs a high-speed device in. Needs root and the module.
    [[nodiscard]] static Result<UsbPort> attach(int port);

    /// Readable when receive() has something to do.
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }

    // Each of these is false, or empty, when the controller has gone.
    [[nodiscard]] std::optional<UsbRequest> receive();
    /// Done; data to the host from up to two places.
    [[nodiscard]] bool reply_data(const UsbRequest& to, ConstByteSpan first,
                                  ConstByteSpan second = {});
    /// Done; what the host gave was taken.
    [[nodiscard]] bool reply_taken(const UsbRequest& to);
    [[nodiscard]] bool reply_stall(const UsbRequest& to);
    /// `found`: the request was still waiting, and will have no other answer.
    [[nodiscard]] bool reply_unlinked(const UsbRequest& to, bool found);

private:
    explicit UsbPort(UniqueFd socket) noexcept : socket_(std::move(socket)) {}
    [[nodiscard]] bool read_all(ByteSpan to);
    [[nodiscard]] bool reply(std::uint32_t command, std::uint32_t sequence, int status,
                             std::uint32_t length, ConstByteSpan first, ConstByteSpan second);

    UniqueFd socket_;
};

} // namespace ringcast::vm
