#pragma once
// Says why an upstream server delivers no pictures, in words for viewers and operators: without an
// address or a password. No I/O.

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ringcast::upstream {

/// Why no connection was made; `error`: errno.
[[nodiscard]] std::string connect_failure(int error);
/// Why a connection was lost; `error`: errno.
[[nodiscard]] std::string connection_failure(int error);
/// What an answer with a status other than 200 means. 401 is for the caller.
[[nodiscard]] std::string status_failure(int status);

/// "0.5", "4"
[[nodiscard]] std::string seconds_text(Duration time);

/// Whether the content of an answer may contain JPEG frames. `type` is in lower case, without
/// parameters; empty: the server did not say.
[[nodiscard]] bool may_contain_frames(std::string_view type) noexcept;

} // namespace ringcast::upstream
