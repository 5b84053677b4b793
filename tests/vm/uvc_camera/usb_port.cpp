#include "uvc_camera/usb_port.hpp"

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace ringcast::vm {

namespace {

// Commands. Every message begins with a header of 48 bytes with fields of 32 bits, big-endian.
constexpr std::uint32_t submit = 1;
constexpr std::uint32_t unlink_request = 2;
constexpr std::uint32_t submit_answer = 3;
constexpr std::uint32_t unlink_answer = 4;

using Header = std::array<std::uint8_t, 48>;
constexpr std::size_t command_at = 0;
constexpr std::size_t sequence_at = 4;
constexpr std::size_t direction_at = 12;
constexpr std::size_t endpoint_at = 16;
constexpr std::size_t unlinked_at = 20;
constexpr std::size_t status_at = 20;
constexpr std::size_t length_at = 24;
constexpr std::size_t packets_at = 32;
constexpr std::size_t setup_at = 40;

/// Maximum data of a request from the host. Control requests are small, so more is an error.
constexpr std::uint32_t given_bytes_max = 4096;

std::uint32_t word(const Header& header, std::size_t at) noexcept {
    return std::uint32_t{header.at(at)} << 24 | std::uint32_t{header.at(at + 1)} << 16 |
           std::uint32_t{header.at(at + 2)} << 8 | header.at(at + 3);
}

void set_word(Header& header, std::size_t at, std::uint32_t value) noexcept {
    for (std::size_t byte = 0; byte < 4; ++byte) {
        header.at(at + byte) = static_cast<std::uint8_t>(value >> (24 - 8 * byte) & 0xFF);
    }
}

iovec vector_of(ConstByteSpan bytes) noexcept {
    // sendmsg only reads the memory, but iovec has no const pointer.
    return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

Error attach_error(const char* what) {
    return {std::string(what) + ": " + std::strerror(errno)};
}

} // namespace

Result<UsbPort> UsbPort::attach(int port) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return tl::unexpected(attach_error("socketpair"));
    }
    UniqueFd ours(ends[0]);
    const UniqueFd kernels(ends[1]);
    constexpr const char* path = "/sys/devices/platform/vhci_hcd.0/attach";
    const UniqueFd control(::open(path, O_WRONLY | O_CLOEXEC));
    if (!control.valid()) {
        return tl::unexpected(attach_error("open /sys/devices/platform/vhci_hcd.0/attach (this "
                                           "needs root and `modprobe vhci-hcd`)"));
    }
    // Port, socket, an arbitrary device number, and the speed: 3 is high speed.
    constexpr int first_device = 0x10001;
    const std::string line = std::to_string(port) + ' ' + std::to_string(kernels.get()) + ' ' +
                             std::to_string(first_device + port) + " 3";
    if (::write(control.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        return tl::unexpected(attach_error("the kernel rejected the camera (is the port in use?)"));
    }
    return UsbPort(std::move(ours));
}

bool UsbPort::read_all(ByteSpan to) {
    while (!to.empty()) {
        const ssize_t count = ::recv(socket_.get(), to.data(), to.size(), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        to = to.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

std::optional<UsbRequest> UsbPort::receive() {
    Header header{};
    if (!read_all(std::as_writable_bytes(std::span(header)))) {
        return std::nullopt;
    }
    UsbRequest request;
    request.sequence = word(header, sequence_at);
    const std::uint32_t command = word(header, command_at);
    if (command == unlink_request) {
        request.kind = UsbRequest::Kind::unlink;
        request.unlinked = word(header, unlinked_at);
        return request;
    }
    if (command != submit) {
        return std::nullopt;
    }
    request.kind =
        word(header, endpoint_at) == 0 ? UsbRequest::Kind::control : UsbRequest::Kind::transfer;
    request.to_host = word(header, direction_at) != 0;
    request.length = word(header, length_at);
    std::memcpy(request.setup.data(), header.data() + setup_at, request.setup.size());
    if (!request.to_host) {
        if (request.length > given_bytes_max) {
            return std::nullopt;
        }
        request.data.resize(request.length);
        if (!read_all(std::as_writable_bytes(std::span(request.data)))) {
            return std::nullopt;
        }
    }
    return request;
}

bool UsbPort::reply(std::uint32_t command, std::uint32_t sequence, int status, std::uint32_t length,
                    ConstByteSpan first, ConstByteSpan second) {
    Header header{};
    set_word(header, command_at, command);
    set_word(header, sequence_at, sequence);
    set_word(header, status_at, static_cast<std::uint32_t>(status));
    if (command == submit_answer) {
        set_word(header, length_at, length);
        constexpr std::uint32_t not_isochronous = 0xFFFF'FFFF;
        set_word(header, packets_at, not_isochronous);
    }
    std::array<iovec, 3> parts{vector_of(std::as_bytes(std::span(header))), vector_of(first),
                               vector_of(second)};
    std::span<iovec> left(parts);
    while (!left.empty()) {
        if (left.front().iov_len == 0) {
            left = left.subspan(1);
            continue;
        }
        msghdr message{};
        message.msg_iov = left.data();
        message.msg_iovlen = left.size();
        const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        for (auto done = static_cast<std::size_t>(count); done > 0;) {
            iovec& part = left.front();
            const std::size_t taken = std::min(done, part.iov_len);
            part.iov_base = static_cast<std::byte*>(part.iov_base) + taken;
            part.iov_len -= taken;
            done -= taken;
            if (part.iov_len == 0) {
                left = left.subspan(1);
            }
        }
    }
    return true;
}

bool UsbPort::reply_data(const UsbRequest& to, ConstByteSpan first, ConstByteSpan second) {
    const auto length = static_cast<std::uint32_t>(first.size() + second.size());
    return reply(submit_answer, to.sequence, 0, length, first, second);
}

bool UsbPort::reply_taken(const UsbRequest& to) {
    return reply(submit_answer, to.sequence, 0, to.length, {}, {});
}

bool UsbPort::reply_stall(const UsbRequest& to) {
    return reply(submit_answer, to.sequence, -EPIPE, 0, {}, {});
}

bool UsbPort::reply_unlinked(const UsbRequest& to, bool found) {
    return reply(unlink_answer, to.sequence, found ? -ECONNRESET : 0, 0, {}, {});
}

} // namespace ringcast::vm
