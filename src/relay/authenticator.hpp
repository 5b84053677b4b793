#pragma once
// Finds out who sends a request, on listeners that ask for passwords. Keeps the connections whose
// password is being verified. Knows no routes.

#include <chrono>

#include "access/gate.hpp"
#include "base/assert.hpp"
#include "base/log_throttle.hpp"
#include "connection/connection.hpp"
#include "connection/context.hpp"
#include "relay/password_checker.hpp"
#include "relay/settings.hpp"
#include "stream/stream.hpp"

namespace ringcast::relay {

class Authenticator {
public:
    /// `checker` may be null: then no user can log in. Everything outlives the authenticator.
    Authenticator(const RelaySettings& settings, connection::ConnectionContext& context,
                  PasswordChecker* checker);

    /// True if requests on this connection must prove who sends them.
    [[nodiscard]] bool asks(const connection::Connection& connection) const noexcept;
    [[nodiscard]] const access::Gate& gate() const noexcept { return gate_; }
    void set_rules(access::Rules rules, const access::Digest& key) {
        gate_.set_key(key);
        gate_.set_rules(std::move(rules));
    }
    /// There was none, or this one. Outlives the authenticator.
    void set_checker(PasswordChecker& checker) noexcept {
        RINGCAST_ASSERT(checker_ == nullptr || checker_ == &checker);
        checker_ = &checker;
    }

    /// Who sends the connection's request. If the answer is access::Pending, the connection waits
    /// here. Throws std::bad_alloc.
    [[nodiscard]] access::Decision identify(connection::Connection& connection);
    /// A completion of the checker. Moves the connections whose password has been verified to
    /// `ready`: `identify` knows them now.
    void on_completion(const io::Completion& completion, stream::ConnectionList& ready) noexcept;
    /// Takes a connection that has waited too long; null if there is none.
    [[nodiscard]] connection::Connection* take_late(Instant now) noexcept;
    /// The refusal for it.
    [[nodiscard]] static access::Refusal too_late() noexcept;
    void stop() noexcept;
    [[nodiscard]] bool stopped() const noexcept {
        return checker_ == nullptr || checker_->stopped();
    }

private:
    void begin_check() noexcept;
    void finish_check(bool matches, stream::ConnectionList& ready);
    void warn_of_plain_password(const connection::Connection& connection) noexcept;

    const RelaySettings& settings_;
    connection::ConnectionContext& context_;
    PasswordChecker* checker_;
    access::Gate gate_;
    stream::ConnectionList waiting_; ///< oldest first
    bool plain_password_reported_ = false;
    LogThrottle failure_throttle_{std::chrono::minutes(1)};
};

} // namespace ringcast::relay
