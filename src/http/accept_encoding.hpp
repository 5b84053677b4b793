#pragma once
// The value of Accept-Encoding.

#include <string_view>

namespace ringcast::http {

/// True if it allows a body that is compressed with gzip (RFC 9110, 12.5.3): the header lists gzip, x-gzip
/// or "*", without a weight of 0. False for an empty value, of clients that do not send the header.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

} // namespace ringcast::http
