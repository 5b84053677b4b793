#pragma once
// A port of the kernel's virtual USB host controller (module vhci-hcd) with a device that this
// process emulates. Both exchange USB/IP messages (Documentation/usb/usbip_protocol.rst of Linux)
// over a socket pair. Independent of cameras.

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
        control,  ///< a request to endpoint 0, with `setup`
        transfer, ///< a request to another endpoint
        unlink,   ///< cancels the request `unlinked`
    };
    Kind kind = Kind::control;
    bool to_host = false;
    std::uint32_t sequence = 0;
    std::uint32_t length = 0; ///< bytes requested or sent by the host
    std::uint32_t unlinked = 0;
    std::array<std::uint8_t, 8> setup{};
    std::vector<std::uint8_t> data; ///< sent by the host
};

class UsbPort {
public:
    /// Plugs in a high-speed device. Needs root and the module vhci-hcd.
    [[nodiscard]] static Result<UsbPort> attach(int port);

    /// Readable when a request is waiting for receive().
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }

    // Each of these returns false, or nullopt, if the controller has disconnected.
    [[nodiscard]] std::optional<UsbRequest> receive();
    /// Completes a request with data for the host from up to two spans.
    [[nodiscard]] bool reply_data(const UsbRequest& to, ConstByteSpan first,
                                  ConstByteSpan second = {});
    /// Completes a request whose data the device has accepted.
    [[nodiscard]] bool reply_taken(const UsbRequest& to);
    [[nodiscard]] bool reply_stall(const UsbRequest& to);
    /// `found`: the cancelled request was still waiting and gets no other reply.
    [[nodiscard]] bool reply_unlinked(const UsbRequest& to, bool found);

private:
    explicit UsbPort(UniqueFd socket) noexcept : socket_(std::move(socket)) {}
    [[nodiscard]] bool read_all(ByteSpan to);
    [[nodiscard]] bool reply(std::uint32_t command, std::uint32_t sequence, int status,
                             std::uint32_t length, ConstByteSpan first, ConstByteSpan second);

    UniqueFd socket_;
};

} // namespace ringcast::vm
