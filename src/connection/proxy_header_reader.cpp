#include "connection/proxy_header_reader.hpp"

#include <cstring>

namespace ringcast::connection {

http::ParseState ProxyHeaderReader::consume(http::RequestReader& reader,
                                            std::size_t bytes) noexcept {
    static_assert(http::proxy_header_bytes_max <= http::RequestReader::short_head_bytes_max);
    received_ += bytes;
    const ByteSpan space = reader.free_space();
    header_ = http::read_proxy_header(space.first(received_));
    if (header_.state == http::ParseState::complete) {
        std::memmove(space.data(), space.data() + header_.bytes, bytes_behind());
    }
    return header_.state;
}

Client ProxyHeaderReader::client() const noexcept {
    if (!header_.source) {
        return {};
    }
    return {.is_peer = false, .port = header_.source->port, .address = header_.source->address};
}

std::string_view ProxyHeaderReader::error() const noexcept {
    return header_.state == http::ParseState::error
               ? header_.error
               : "its PROXY header was not complete in time: let the proxy send one, or don't "
                 "expect it on this address";
}

} // namespace ringcast::connection
