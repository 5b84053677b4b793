#pragma once
// The interface for verifying passwords. A verification takes from milliseconds to seconds, so it is
// done in another thread, and its completion arrives through the engine. One at a time.

#include <optional>
#include <string>
#include <string_view>

#include "base/immovable.hpp"
#include "io/engine.hpp"

namespace ringcast::relay {

class PasswordChecker : private Immovable {
public:
    virtual ~PasswordChecker() = default;

    /// Begins to verify that `hash` was made from `password`. No other verification is under way.
    /// Throws std::bad_alloc, and has begun nothing then.
    virtual void check(std::string_view password, std::string_view hash) = 0;
    /// The completion of an operation of OpKind::password. Returns the result of the verification if
    /// it has ended.
    [[nodiscard]] virtual std::optional<bool>
    on_completion(const io::Completion& completion) noexcept = 0;
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
};

} // namespace ringcast::relay
