#pragma once
// Sends datagrams to a UNIX socket, as services of the system take messages: never waits.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::os {

class DatagramSocket {
public:
    /// `address`: an absolute path, or a name of the abstract namespace behind an "@". Each datagram
    /// finds its way anew, so the receiver may be restarted. The error is one line.
    [[nodiscard]] static Result<DatagramSocket> open(const std::string& address);

    /// Returns false if the receiver is gone or has no room.
    [[nodiscard]] bool send(std::string_view datagram) const noexcept;

private:
    DatagramSocket(UniqueFd socket, std::string name) noexcept
        : socket_(std::move(socket)), name_(std::move(name)) {}

    UniqueFd socket_;
    std::string name_; ///< as in sockaddr_un
};

} // namespace ringcast::os
