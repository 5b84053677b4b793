#pragma once
// Decides who sends a request: a caller, somebody to be refused, or somebody whose password must be
// verified first, which takes too long for the loop. No I/O, no clock, no hashing of passwords. What a
// caller may do is decided by `Rules`.

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "access/check_queue.hpp"
#include "access/credentials.hpp"
#include "access/failures.hpp"
#include "access/remembered.hpp"
#include "access/rules.hpp"
#include "base/time.hpp"

namespace ringcast::access {

/// What the answer tells a client to prove itself with (WWW-Authenticate).
enum class Challenge : std::uint8_t {
    none,
    login,         ///< user and password, or a token
    invalid_token, ///< the token or link that was sent is not valid (RFC 6750)
};

struct Refusal {
    int status = 401;         ///< 401, or 429 with `retry_after_seconds`
    std::string_view message; ///< one line for a person; a string literal
    Challenge challenge = Challenge::login;
    std::uint32_t retry_after_seconds = 0;
};

/// The password is being verified, or waits for that.
struct Pending {
    Ticket ticket = 0;
};

using Decision = std::variant<Caller, Refusal, Pending>;

/// Who asks, and when.
struct Attempt {
    std::uint64_t address = 0; ///< io::Peer::network of the client
    Instant now{};
    WallTime wall_now{};
};

class Gate {
public:
    /// `key`: random; for remembering passwords.
    Gate(Rules rules, const Digest& key);

    [[nodiscard]] const Rules& rules() const noexcept { return rules_; }
    /// Passwords that were changed or removed are no longer remembered.
    void set_rules(Rules rules) { rules_ = std::move(rules); }
    /// With another key no password is remembered.
    void set_key(const Digest& key) noexcept { remembered_.set_key(key); }

    /// A request without credentials comes from nobody, which is no refusal: some streams are for
    /// everybody. Throws std::bad_alloc.
    [[nodiscard]] Decision decide(Credentials credentials, const Attempt& attempt);
    /// The refusal of a caller who has proven nothing and would have to.
    [[nodiscard]] static Refusal login_required() noexcept;

    /// The password to verify now, against `Check::hash`; null while one is under way, or none waits.
    [[nodiscard]] const Check* begin_check() { return checks_.begin(); }
    /// The verification under way was not made.
    void drop_check() { static_cast<void>(checks_.finish()); }
    struct Outcome {
        Ticket ticket = 0;
        /// Nothing: ask `decide` again, which knows the password now.
        std::optional<Refusal> refusal;
    };
    /// The verification under way has ended. Throws std::bad_alloc.
    [[nodiscard]] Outcome finish_check(bool matches, Instant now);

private:
    [[nodiscard]] const User& stand_in(std::string_view unknown) const;
    [[nodiscard]] Decision decide_token(std::string_view text, WallTime now) const;
    [[nodiscard]] Decision decide_password(UserPassword credentials, const Attempt& attempt);

    Rules rules_;
    Remembered remembered_;
    Failures failures_;
    CheckQueue checks_;
};

} // namespace ringcast::access
