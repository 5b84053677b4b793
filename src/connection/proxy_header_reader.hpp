#pragma once
// Reads the PROXY header in front of a connection's first request. No I/O.

#include <cstddef>
#include <string_view>

#include "base/bytes.hpp"
#include "connection/client.hpp"
#include "http/proxy_protocol.hpp"
#include "http/request.hpp"

namespace ringcast::connection {

/// The header is received into the space for the first request head, which may arrive with it.
class ProxyHeaderReader {
public:
    /// The space for its next bytes. `reader` has read nothing.
    [[nodiscard]] ByteSpan free_space(http::RequestReader& reader) const noexcept {
        return reader.free_space().subspan(received_);
    }
    /// `bytes` more have been written to the beginning of `free_space()`. In state complete, those
    /// behind the header are at the beginning of the reader's own free space.
    [[nodiscard]] http::ParseState consume(http::RequestReader& reader, std::size_t bytes) noexcept;
    /// In state complete: how many bytes are behind the header.
    [[nodiscard]] std::size_t bytes_behind() const noexcept { return received_ - header_.bytes; }

    /// The client that the header names. The peer, if it names none, or is not complete.
    [[nodiscard]] Client client() const noexcept;
    /// One line that says what is wrong: that the header is malformed, or not complete in time.
    [[nodiscard]] std::string_view error() const noexcept;

private:
    std::size_t received_ = 0;
    http::ProxyHeader header_;
};

} // namespace ringcast::connection
