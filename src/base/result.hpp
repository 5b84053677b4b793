#pragma once
// Errors of set-up and parsing. The data plane does not use these: it works with integers.

#include <string>

#include <tl/expected.hpp>

namespace ringcast {

/// One line for a person: what went wrong and what to do about it.
struct Error {
    std::string message;
};

template <typename Value>
using Result = tl::expected<Value, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
    return tl::unexpected<Error>(Error{std::move(message)});
}

} // namespace ringcast
